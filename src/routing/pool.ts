// hot: bench/micro/decide.ts
// The instances of one edition, arranged for choosing among them: who is up and has a place, who is due for a trial, and
// what to do when nobody is. Choosing here and claiming in the same turn is the router's part.
//
// Order of choice (SPEC R4, P3; §2.6, §2.12):
//   1. a marked-down instance whose trial is due     3. backups that are up and have a place, in order
//   2. primaries that are up and have a place        4. nobody is up: all of them are tried all the same
// Primaries that are up but full do not spill over to the backups: the request waits for a place.

import type { Random } from "../base/random.ts";
import { hashText } from "./octet-hash.ts";
import type { Picker } from "./picker.ts";
import { pickerOf } from "./picker.ts";
import { Rendezvous } from "./rendezvous.ts";
import type { RoutedEdition, RoutedInstance } from "./routed.ts";

/** Where in its first interval an instance's first turn is. */
export interface Phases {
  /** Another order for every table, the same one on all workers. */
  readonly revision: number;
  readonly worker: number;
  readonly workers: number;
}

/** No instance is left out. */
export const NONE_TRIED: readonly RoutedInstance[] = [];

/** Whom to choose in one edition. */
export class Pool {
  readonly #edition: RoutedEdition;
  /** Open primaries that are up and have a place. */
  readonly #picker: Picker;
  readonly #countsAffinity: boolean;
  /** Open ones, in order of declaration. */
  readonly #primaries: RoutedInstance[] = [];
  readonly #backups: RoutedInstance[] = [];
  /** Marked down by traffic, the one whose trial is due next first. */
  readonly #down: RoutedInstance[] = [];
  /** Where trying all the same goes on. */
  #panicAt = 0;
  /** Made by the first request with a hash, and again after a mark has changed. */
  #rendezvous: Rendezvous | null = null;
  #isRendezvousStale = true;
  /** After `choose` answered null: an instance would do, but is full. */
  isBusy = false;

  constructor(edition: RoutedEdition, random: Random) {
    this.#edition = edition;
    this.#picker = pickerOf(edition.application.entry.balance, random);
    this.#countsAffinity = edition.application.entry.countAffinity;
  }

  /** Adds an instance of the edition, in order of declaration, while the table is compiled. */
  add(instance: RoutedInstance, phases: Phases): void {
    if (!instance.isOpen) return;
    instance.rank = phaseOf(instance, phases) / instance.entry.weight;
    if (instance.isBackup) this.#backups.push(instance);
    else this.#primaries.push(instance);
    this.refresh(instance);
  }

  /** Takes over from the table before: all instances as their states are now. Runs in the turn of the switch. */
  open(nowMs: number, isFirstTable: boolean): void {
    for (const instance of this.#edition.instances) {
      const { state } = instance;
      // On the first table nobody has just become available.
      if (instance.isOpen && !wasOpen(instance, state.routed)) {
        state.availableSinceMs = isFirstTable ? Number.NEGATIVE_INFINITY : nowMs;
      }
      state.routed = instance;
      if (isForTrial(instance)) this.#down.push(instance);
      this.refresh(instance);
    }
    this.#sortDown();
  }

  /**
   * The instance for a request that is not tied to one; the caller claims it in this turn. Null when there is none, and
   * `isBusy` says whether one would do but for its limit.
   *
   * @param tried - instances that failed the request already
   */
  choose(nowMs: number, tried: readonly RoutedInstance[]): RoutedInstance | null {
    this.isBusy = false;
    if (this.#down.length > 0) {
      const due = this.#dueTrial(nowMs, tried);
      if (due !== null) return due;
    }
    if (this.#picker.size > 0) {
      if (tried.length === 0) return this.#picker.pick(nowMs);
      const other = this.#pickOther(nowMs, tried);
      if (other !== null) return other;
    }
    return this.#chooseWithoutPicker(tried);
  }

  /** The same for a request whose hash says who gets it: the winner of its bucket among the primaries that are up. */
  chooseByHash(nowMs: number, bucket: number): RoutedInstance | null {
    this.isBusy = false;
    const due = this.#down.length > 0 ? this.#dueTrial(nowMs, NONE_TRIED) : null;
    if (due !== null) return due;
    const winner = this.hashWinner(bucket);
    if (winner === null) return this.#chooseWithoutPicker(NONE_TRIED);
    if (hasPlace(winner)) return winner;
    this.isBusy = true;
    return null;
  }

  /** The winner of a bucket among the primaries that are up, full or not; null when none is. */
  hashWinner(bucket: number): RoutedInstance | null {
    if (this.#rendezvous === null) {
      this.#rendezvous = new Rendezvous();
      this.#isRendezvousStale = true;
    }
    if (this.#isRendezvousStale) {
      this.#rendezvous.reset(this.#primaries.filter(isUp));
      this.#isRendezvousStale = false;
    }
    return this.#rendezvous.winner(bucket);
  }

  /** Whom `choose` would answer, changing nothing; null when there is none or chance decides (then `size` is over 1). */
  peek(nowMs: number): RoutedInstance | null {
    this.isBusy = false;
    const due = this.#dueTrial(nowMs, NONE_TRIED);
    if (due !== null) return due;
    if (this.#picker.size > 0) return this.#picker.peek();
    const panicAt = this.#panicAt;
    const chosen = this.#chooseWithoutPicker(NONE_TRIED);
    this.#panicAt = panicAt;
    return chosen;
  }

  /** The same for `chooseByHash`. */
  peekByHash(nowMs: number, bucket: number): RoutedInstance | null {
    const due = this.#dueTrial(nowMs, NONE_TRIED);
    const winner = this.hashWinner(bucket);
    if (due !== null || winner === null) return due ?? this.peek(nowMs);
    this.isBusy = !hasPlace(winner);
    return this.isBusy ? null : winner;
  }

  /** An instance may be given new requests by its mode and weight, marks and places aside. */
  get isOpen(): boolean {
    return this.#primaries.length + this.#backups.length > 0;
  }

  /** Primaries that are open, up and have a place. */
  get size(): number {
    return this.#picker.size;
  }

  /** Puts the instance in or out of reach of picks after its mark or its requests in flight changed. */
  refresh(instance: RoutedInstance): void {
    if (!instance.isOpen || instance.isBackup) return;
    const isPickable = instance.state.downSinceMs === 0 && hasPlace(instance);
    if (isPickable !== instance.position >= 0) {
      if (isPickable) this.#picker.add(instance);
      else this.#picker.remove(instance);
    } else if (isPickable) {
      this.#picker.loadChanged(instance);
    }
  }

  /** A request with affinity was claimed; whether it uses up a turn is a setting of the cluster. */
  countAffinity(instance: RoutedInstance): void {
    if (this.#countsAffinity && instance.position >= 0) this.#picker.countTurn(instance);
  }

  /** Queues the instance's next trial by when it is due, or takes it out when it is up or in a probe's hands. */
  markChanged(instance: RoutedInstance): void {
    this.#isRendezvousStale = true;
    const at = this.#down.indexOf(instance);
    if (at >= 0) this.#down.splice(at, 1);
    if (isForTrial(instance)) {
      this.#down.push(instance);
      this.#sortDown();
    }
    this.refresh(instance);
  }

  /** True when an open instance other than this one is up: then this one may be marked down (the last one never is). */
  hasOtherUp(instance: RoutedInstance): boolean {
    const isOther = (other: RoutedInstance): boolean => other !== instance && isUp(other);
    return this.#primaries.some(isOther) || this.#backups.some(isOther);
  }

  #dueTrial(nowMs: number, tried: readonly RoutedInstance[]): RoutedInstance | null {
    for (let at = 0; at < this.#down.length; at += 1) {
      const instance = this.#down[at] as RoutedInstance;
      if (!isTrialDue(instance, nowMs)) return null;
      if (hasPlace(instance) && !tried.includes(instance)) return instance;
    }
    return null;
  }

  #sortDown(): void {
    if (this.#down.length > 1) this.#down.sort((one, other) => one.state.lastTryMs - other.state.lastTryMs);
  }

  #pickOther(nowMs: number, tried: readonly RoutedInstance[]): RoutedInstance | null {
    const taken = tried.filter((instance) => instance.position >= 0 && instance.edition === this.#edition);
    for (const instance of taken) this.#picker.remove(instance);
    const picked = this.#picker.size > 0 ? this.#picker.pick(nowMs) : null;
    for (const instance of taken) this.#picker.add(instance);
    return picked;
  }

  #chooseWithoutPicker(tried: readonly RoutedInstance[]): RoutedInstance | null {
    const isLeft = (instance: RoutedInstance): boolean => isUp(instance) && !tried.includes(instance);
    if (this.#primaries.some(isLeft)) {
      this.isBusy = true; // they are up and not in the picker, so they are full
      return null;
    }
    const backups = this.#backups.filter(isLeft);
    const backup = backups.find(hasPlace);
    if (backup !== undefined) return backup;
    this.isBusy = backups.length > 0;
    return this.isBusy ? null : this.#chooseInPanic(tried);
  }

  /** Nobody is up: primaries one after the other, then backups. */
  #chooseInPanic(tried: readonly RoutedInstance[]): RoutedInstance | null {
    const count = this.#primaries.length;
    for (let step = 1; step <= count; step += 1) {
      const at = (this.#panicAt + step) % count;
      const instance = this.#primaries[at] as RoutedInstance;
      if (tried.includes(instance)) continue;
      if (hasPlace(instance)) {
        this.#panicAt = at;
        return instance;
      }
      this.isBusy = true;
    }
    const backups = this.#backups.filter((instance) => !tried.includes(instance));
    if (backups.length > 0) this.isBusy = true;
    return backups.find(hasPlace) ?? null;
  }
}

function isUp(instance: RoutedInstance): boolean {
  return instance.state.downSinceMs === 0;
}

/** From 0 to 1: by chance for each instance and table, and each worker its part later. */
function phaseOf(instance: RoutedInstance, phases: Phases): number {
  const hash = hashText(instance.entry.key, phases.revision);
  const phase = (hash >>> 0) / 2 ** 32 + phases.worker / phases.workers;
  return phase - Math.floor(phase);
}

/** True when the instance may take one more request. */
export function hasPlace(instance: RoutedInstance): boolean {
  return instance.state.inFlight < instance.inFlightMax;
}

/** True when new requests may be the trial of this instance. */
function isForTrial(instance: RoutedInstance): boolean {
  return instance.isOpen && instance.state.downSinceMs > 0 && !instance.state.isDownByProbe;
}

/** True when a marked-down instance may be tried once: the interval since its mark or its last trial is over. */
export function isTrialDue(instance: RoutedInstance, nowMs: number): boolean {
  const { state } = instance;
  if (state.downSinceMs === 0 || state.isDownByProbe) return false;
  return nowMs - state.lastTryMs >= instance.application.entry.traffic.retryIntervalMs;
}

/** Open for the same people before: who saw a preview are not the users for whom a slow start is. */
function wasOpen(instance: RoutedInstance, before: RoutedInstance | null): boolean {
  return before?.isOpen === true && before.application.isPreview === instance.application.isPreview;
}
