// One forked process as the keeper sees it.
//
//   starting ── it says `ready` ──▶ ready ── told to stop ──▶ stopping ──▶ ended
//   starting ── told to stop ──▶ stopping;  every state ── it ends by itself or is killed ──▶ ended

import { type ChildProcess, fork } from "node:child_process";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { MonotonicMs } from "../base/units.ts";
import { workerAddress } from "../base/worker-address.ts";
import type { RouterMessage } from "../routing/messages.ts";
import { ChannelSender, packMessage } from "./channel.ts";
import type { ChildMessage, KeeperMessage, StartMessage } from "./process-messages.ts";

/** After its grace a process that was told to stop is killed. */
const STOP_MARGIN_MS = 5000;

/** Called by a member; each names the member. */
export interface MemberEvents {
  onMessage(member: Member, message: ChildMessage): void;
  /** Called once, with how it ended in words. */
  onEnd(member: Member, how: string): void;
}

/** What a member needs to start. */
export interface MemberOptions {
  /** The script to run. */
  readonly module: string;
  readonly start: StartMessage;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: MemberEvents;
}

/** A forked process: control or a worker. Sending never throws; a process that drains nothing is killed. */
export class Member {
  readonly role: StartMessage["role"];
  readonly slot: number;
  readonly incarnation: string;
  readonly startedAt: MonotonicMs;
  state: "starting" | "ready" | "stopping" | "ended" = "starting";
  /** Client connections as last told. */
  openConnections = 0;
  /** Connections that it may hold before it asks, as last told. */
  acceptLimit: number = Number.POSITIVE_INFINITY;
  #hasSuccessor = false;
  readonly #forked: ChildProcess;
  readonly #sender: ChannelSender;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #events: MemberEvents;

  constructor(options: MemberOptions) {
    const { start, clock } = options;
    this.role = start.role;
    this.slot = start.slot;
    this.incarnation = start.incarnation;
    this.startedAt = clock.monotonicMs();
    this.#clock = clock;
    this.#log = options.log;
    this.#events = options.events;
    const forked = fork(options.module, { serialization: "advanced" });
    this.#forked = forked;
    this.#sender = new ChannelSender({
      isOpen: () => forked.connected,
      send: (message, socket, sent) => forked.send(message, socket as undefined, {}, sent),
    });
    forked.on("message", (message) => options.events.onMessage(this, message as ChildMessage));
    forked.on("error", (error) => this.#failed(error));
    forked.on("exit", (status, signal) => this.#end(signal ?? `status ${status}`));
    this.post(start);
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.#forked.pid ?? 0;
  }

  /** This process's own address on the bus, which no other has. */
  get ownAddress(): string {
    return this.role === "control" ? "control" : workerAddress({ slot: this.slot, pid: this.pid });
  }

  /** `control` or `worker:N`: its place, where another process may follow it. */
  get address(): string {
    return this.role === "control" ? "control" : `worker:${this.slot}`;
  }

  /** @param socket - a bare listening socket that goes with the message */
  post(message: KeeperMessage, socket?: object): void {
    this.#post(message, 0, socket);
  }

  /** Tells how many connections it may hold; it answers with how many it does. */
  limitAccepting(limit: number): void {
    this.acceptLimit = limit;
    this.post({ kind: "accept-limit", limit });
  }

  /** Passes on a message of the bus as it came. */
  deliver(bytes: Uint8Array): void {
    this.#post({ kind: "bus", bytes }, bytes.length);
  }

  /** Says something of the keeper's own. */
  say(message: RouterMessage): void {
    this.deliver(packMessage(message));
  }

  /**
   * Asks it to end within its grace; it is killed when it does not. May be called twice: the grace is that of the first
   * call, but it is told when the successor that it had stops too.
   */
  stop({ graceMs, hasSuccessor }: { readonly graceMs: number; readonly hasSuccessor: boolean }): void {
    if (this.state === "ended") return;
    const isFirst = this.state !== "stopping";
    if (!isFirst && (hasSuccessor || !this.#hasSuccessor)) return;
    this.#hasSuccessor = hasSuccessor;
    this.say({ kind: "stop", graceMs, hasSuccessor });
    if (!isFirst) return;
    this.state = "stopping";
    this.#clock.alarm(graceMs + STOP_MARGIN_MS, () => {
      if (this.state === "ended") return;
      this.#log.error(
        { address: this.address, pid: this.pid, graceMs },
        "A process did not stop within its grace and is killed",
      );
      this.kill();
    });
  }

  /** Ends it at once. */
  kill(): void {
    this.#forked.kill("SIGKILL");
  }

  #post(message: KeeperMessage, payloadBytes: number, socket?: object): void {
    if (this.#sender.post(message, payloadBytes, socket) !== "backed-up") return;
    this.#log.error(
      { address: this.address, pid: this.pid, waitingBytes: this.#sender.waitingBytes },
      "A process does not read its messages and is killed",
    );
    this.kill();
  }

  /** A failed start has no exit of its own; any other failure is followed by one. */
  #failed(error: Error): void {
    this.#log.error({ address: this.address, err: error }, "A process failed");
    if (this.#forked.pid === undefined) this.#end(error.message);
  }

  #end(how: string): void {
    if (this.state === "ended") return;
    this.#events.onEnd(this, how);
    this.state = "ended";
  }
}
