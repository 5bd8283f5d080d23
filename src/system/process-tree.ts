// The keeper's work: forks control and the workers, carries their messages, gives workers the listening sockets, restarts
// what dies. It takes no decision about traffic and reads no message but those addressed to it.
//
// A slot is a worker's place. It holds one process, or two while it is replaced: the newest has the address.
//
//   empty ── start ──▶ one ── replace ──▶ two (the new one starts) ── new one ready ──▶ old one stops ──▶ one
//   one ── it dies ──▶ empty, started again after a delay (restart-delay.ts);  two ── either dies ──▶ one

import type { CancelAlarm, Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { EpochMs } from "../base/units.ts";
import type { RouterMessage } from "../routing/messages.ts";
import type { ProcessSettings } from "../settings/process-settings.ts";
import { AcceptShares } from "./accept-shares.ts";
import { packMessage, unpackMessage } from "./channel.ts";
import { stayAlive } from "./environment.ts";
import { Member, type MemberEvents } from "./member.ts";
import type { ListeningSocket } from "./open-listeners.ts";
import type { ChildMessage } from "./process-messages.ts";
import { CRASH_LOOP_AFTER, restartAfter } from "./restart-delay.ts";

/** How often limits are looked at while workers share the accepting. */
const SHARES_MS = 250;

/** Limits that differ by less from those that the workers have are not worth a message. */
const LIMIT_CHANGE_SHARE = 0.05;

/** Connection counts reach everybody so much later at most. */
const PEERS_MS = 1000;

/** How long a replacement may take until it is ready. */
const READY_MS_MAX = 30_000;

/** What the tree needs. */
export interface ProcessTreeOptions {
  readonly settings: ProcessSettings;
  readonly modules: { readonly control: string; readonly worker: string };
  readonly sockets: readonly ListeningSocket[];
  readonly clock: Clock;
  readonly log: Log;
}

interface Slot {
  readonly role: "control" | "worker";
  /** -1 for control. */
  readonly index: number;
  /** Oldest first; empty between an end and the next start. */
  readonly members: Member[];
  shortLives: number;
  cancelRestart: CancelAlarm | undefined;
}

/** All processes below one keeper. */
export class ProcessTree implements MemberEvents {
  readonly #options: ProcessTreeOptions;
  readonly #slots: readonly Slot[];
  readonly #shares = new AcceptShares();
  /** Resolves when the tree was stopped and all its processes have ended. */
  readonly ended: Promise<void>;
  #resolveEnded: () => void = () => undefined;
  /** Who waits for a new process to be ready (true) or to have ended (false). */
  readonly #readyWaiters = new Map<Member, (isReady: boolean) => void>();
  #state: "running" | "stopping" | "ended" = "running";
  #forks = 0;
  readonly #startedAt: EpochMs;
  #cancelShares: CancelAlarm | undefined;
  #cancelPeers: CancelAlarm | undefined;
  #replacing: Promise<void> | undefined;

  constructor(options: ProcessTreeOptions) {
    this.#options = options;
    this.#startedAt = options.clock.epochMs();
    const mayEnd = stayAlive();
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = () => {
        mayEnd();
        resolve();
      };
    });
    const workers = options.settings.router.workers;
    const roles = options.settings.roles;
    this.#slots = [
      slot("control", -1),
      ...Array.from({ length: roles.includes("router") ? workers : 0 }, (_, index) => slot("worker", index)),
    ];
    for (const each of this.#slots) this.#fork(each);
    this.#tellPeers();
  }

  /** The newest process of each slot that has one. */
  members(): readonly Member[] {
    return this.#slots.flatMap((each) => each.members.at(-1) ?? []);
  }

  /** Something of the keeper's own for the processes at an address. */
  say(to: string, message: RouterMessage): void {
    this.#route(undefined, to, packMessage(message));
  }

  /** Stops the workers, then control, each within its grace; nothing is restarted. May be called twice. */
  stop(): void {
    if (this.#state !== "running") return;
    this.#state = "stopping";
    for (const each of this.#slots) each.cancelRestart?.();
    this.#cancelShares?.();
    this.#cancelPeers?.();
    for (const socket of this.#options.sockets) socket.close();
    this.#stopNext();
  }

  /** Ends all processes at once, after `stop`. */
  kill(): void {
    this.stop();
    for (const member of this.#all()) member.kill();
  }

  /** Replaces the workers one by one by new processes; each old one stops only when its successor is ready. */
  replaceWorkers(): Promise<void> {
    this.#replacing ??= this.#replaceAll().finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  onMessage(member: Member, message: ChildMessage): void {
    switch (message.kind) {
      case "bus":
        this.#route(member, message.to, message.bytes);
        break;
      case "ready":
        if (member.state === "starting") member.state = "ready";
        this.#settleReady(member, true);
        break;
      case "listeners-please":
        if (member.state !== "stopping") this.#heardAsking(member, message.open);
        break;
      case "open-connections":
        this.#heardOpen(member, message.open);
        break;
      default: // a newer child's word
    }
  }

  onEnd(member: Member, how: string): void {
    const place = this.#slots.find((each) => each.members.includes(member));
    if (place === undefined) return;
    place.members.splice(place.members.indexOf(member), 1);
    this.#shares.leave(member.incarnation);
    this.#settleReady(member, false);
    const { log } = this.#options;
    const fields = { address: member.address, pid: member.pid, how };
    if (member.state === "stopping") log.info(fields, "A process has stopped");
    else log.warn(fields, "A process has died");
    if (this.#state !== "running") {
      this.#stopNext();
      return;
    }
    if (place.members.length === 0) this.#restart(place, member);
    this.#tellPeers();
    this.#grant();
  }

  #fork(place: Slot): Member {
    const { settings, modules, clock, log } = this.#options;
    this.#forks += 1;
    const incarnation = `${place.index}.${this.#forks}.${Math.round(clock.epochMs()).toString(36)}`;
    const member = new Member({
      module: modules[place.role],
      start: {
        kind: "start",
        role: place.role,
        slot: place.index,
        incarnation,
        treeStartedAt: this.#startedAt,
        settings,
      },
      clock,
      log,
      events: this,
    });
    place.members.push(member);
    log.info({ address: member.address, pid: member.pid, incarnation }, "A process starts");
    return member;
  }

  #restart(place: Slot, last: Member): void {
    const { clock, log } = this.#options;
    const { delayMs, shortLives } = restartAfter(clock.monotonicMs() - last.startedAt, place.shortLives);
    place.shortLives = shortLives;
    if (shortLives >= CRASH_LOOP_AFTER) {
      log.error(
        { address: last.address, shortLives, delayMs },
        "A process keeps dying soon after its start; see its own log lines above",
      );
    }
    place.cancelRestart = clock.alarm(delayMs, () => {
      this.#fork(place);
      this.#tellPeers();
    });
  }

  #route(from: Member | undefined, to: string, bytes: Uint8Array): void {
    if (to === "keeper") {
      this.#heard(from, bytes);
      return;
    }
    if (to === "all" || to === "workers") {
      for (const member of this.#all()) {
        if (member !== from && (to === "all" || member.role === "worker")) member.deliver(bytes);
      }
      return;
    }
    for (const each of this.#slots) {
      const newest = each.members.at(-1);
      if (newest?.address === to) newest.deliver(bytes);
      else each.members.find((member) => member.ownAddress === to)?.deliver(bytes);
    }
  }

  #heard(from: Member | undefined, bytes: Uint8Array): void {
    if (from === undefined) return;
    const message = unpackMessage(bytes);
    if (message.kind === "connections") this.#heardOpen(from, message.open);
  }

  #heardOpen(member: Member, open: number): void {
    member.openConnections = open;
    this.#shares.tell(member.incarnation, open);
    this.#cancelPeers ??= this.#options.clock.alarm(PEERS_MS, () => this.#tellPeers());
    if (this.#shares.hasWaiting) this.#grant();
  }

  #heardAsking(member: Member, open: number): void {
    const isNew = !this.#shares.has(member.incarnation);
    member.openConnections = open;
    this.#shares.ask(member.incarnation, open);
    // Who accepts already has to share from now on; one that was alone until now has no limit yet.
    if (isNew) this.#refreshLimits();
    else this.#grant();
  }

  #all(): readonly Member[] {
    return this.#slots.flatMap((each) => each.members);
  }

  #tellPeers(): void {
    this.#cancelPeers?.();
    this.#cancelPeers = undefined;
    // One that finishes while its successor serves is told of too: control waits for what it applies and counts.
    const workers = this.#all().filter((member) => member.role === "worker");
    this.say("all", {
      kind: "peers",
      workers: workers.map(({ slot: index, pid, openConnections }) => ({
        slot: index,
        pid,
        connections: openConnections,
      })),
    });
  }

  /** Gives the sockets to those who may have them; looks again later while several share the accepting. */
  #grant(): void {
    const limit = this.#shares.limit(this.#options.clock.monotonicMs());
    const granted = this.#shares.grants(limit);
    for (const member of this.#byIncarnation(granted)) {
      member.limitAccepting(limit);
      for (const [index, { socket }] of this.#options.sockets.entries()) {
        member.post({ kind: "listener", index }, socket);
      }
    }
    if (granted.length > 0 || this.#shares.hasWaiting) this.#lookAgain();
  }

  #lookAgain(): void {
    this.#cancelShares ??= this.#options.clock.alarm(SHARES_MS, () => {
      this.#cancelShares = undefined;
      this.#refreshLimits();
    });
  }

  /** Tells new limits when they have changed; the answers show who hangs while others wait. */
  #refreshLimits(): void {
    const now = this.#options.clock.monotonicMs();
    const limit = this.#shares.limit(now);
    const workers = this.#byIncarnation(this.#shares.accepting());
    if (this.#shares.hasWaiting || workers.some((worker) => isFar(limit, worker.acceptLimit))) {
      this.#shares.askForNews(now);
      for (const worker of workers) worker.limitAccepting(limit);
    }
    this.#grant();
    if (this.#shares.accepting().length > 1 || this.#shares.hasWaiting) this.#lookAgain();
  }

  #byIncarnation(incarnations: readonly string[]): readonly Member[] {
    return this.#all().filter((member) => incarnations.includes(member.incarnation));
  }

  async #replaceAll(): Promise<void> {
    for (const place of this.#slots) {
      if (place.role === "control" || this.#state !== "running") continue;
      const olds = [...place.members];
      const fresh = this.#fork(place);
      this.#tellPeers();
      if (await this.#becomesReady(fresh)) {
        for (const old of olds) this.#stopMember(old, { hasSuccessor: true });
        continue;
      }
      fresh.kill();
      this.#options.log.error(
        { address: fresh.address },
        "Cannot replace the workers: the new process did not become ready; the old ones go on",
      );
      return;
    }
  }

  #becomesReady(member: Member): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.alarm(READY_MS_MAX, () => this.#settleReady(member, false));
      this.#readyWaiters.set(member, (isReady) => {
        cancel();
        resolve(isReady);
      });
    });
  }

  #settleReady(member: Member, isReady: boolean): void {
    const waiter = this.#readyWaiters.get(member);
    this.#readyWaiters.delete(member);
    waiter?.(isReady);
  }

  #stopMember(member: Member, { hasSuccessor }: { readonly hasSuccessor: boolean }): void {
    this.#shares.leave(member.incarnation);
    member.stop({ graceMs: this.#options.settings.stopGraceMs, hasSuccessor });
  }

  /** Stops what is next: workers first, so that control can still be asked who is left. */
  #stopNext(): void {
    const left = this.#all();
    if (left.length === 0) {
      this.#state = "ended";
      this.#resolveEnded();
      return;
    }
    const workers = left.filter((member) => member.role === "worker");
    for (const member of workers.length > 0 ? workers : left)
      this.#stopMember(member, { hasSuccessor: false });
  }
}

function isFar(limit: number, other: number): boolean {
  if (!Number.isFinite(limit) || !Number.isFinite(other)) return limit !== other;
  return Math.abs(limit - other) > limit * LIMIT_CHANGE_SHARE;
}

function slot(role: Slot["role"], index: number): Slot {
  return { role, index, members: [], shortLives: 0, cancelRestart: undefined };
}
