// The child's end of the channel to the keeper. `control.ts` and `worker.ts` begin with it:
//
//   const child = await receiveStart();             // settings, slot, incarnation and the bus
//   child.bus.receive((message) => …);              // `stop` among them: finish within graceMs, then `child.leave()`;
//                                                   // it comes again when the keeper stops after a replacement began, or dies
//   …build the parts; a worker waits for its first table…
//   const accept = openAcceptSpread({ child, … });  // workers only, see accept-spread.ts: nothing is accepted before
//   await accept.start();
//   child.reportReady();                            // now the process that this one replaces may stop
//
// When the keeper dies, that comes as a `stop` with the grace of the settings; a process that is still there two seconds
// after its grace is ended here, because a new keeper needs its ports and its journal.

import type { Clock } from "../base/clock.ts";
import { workerAddress } from "../base/worker-address.ts";
import type { RouterMessage } from "../routing/messages.ts";
import type { Bus } from "./bus.ts";
import { ChannelSender, packMessage, unpackMessage } from "./channel.ts";
import { systemClock } from "./clock.ts";
import type { ChildMessage, KeeperMessage, StartMessage } from "./process-messages.ts";

/** After the grace of an orphan; it should have ended by itself. */
const ORPHAN_MARGIN_MS = 2000;

/** A control process has nothing to let finish but an answer or two. */
const ORPHAN_CONTROL_GRACE_MS = 1000;

/** How long a leaving process waits until its last messages have been taken. */
const LEAVE_MS_MAX = 1000;

/**
 * What a terminal's Ctrl-C, its closing, or a service manager sends to every process of the group. Only the keeper acts on
 * it and tells the others: a worker that died of it would take the requests in flight with it.
 */
const GROUP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const;

/** Who is told about accepting; `accept-spread.ts` is. */
export interface AcceptEnd {
  onLimit(limit: number): void;
  /** A listening socket that nobody polls yet: `net.Server.listen(socket)` starts accepting. */
  onListener(index: number, socket: object): void;
  /** Stop accepting for good: this process is stopping, or the keeper is gone. */
  onStop(): void;
}

/** A forked process as it sees itself. */
export interface ChildProcess {
  readonly start: StartMessage;
  readonly bus: Bus;
  /** Messages that were lost because the keeper did not take them (64 MB wait) or is gone. */
  lostMessages(): number;
  /** Says that this process does its work. */
  reportReady(): void;
  /** Ends this process with a status, after its last messages have gone out (at most a second). */
  leave(status?: number): void;
  /** For `accept-spread.ts`. */
  readonly accepting: {
    attach(end: AcceptEnd): void;
    askForListeners(open: number): void;
    tellOpen(open: number): void;
  };
}

/** Waits for the keeper's first message. To be called once, at the start of a forked process. */
export function receiveStart(clock: Clock = systemClock): Promise<ChildProcess> {
  return new Promise((resolve) => {
    const channel = new KeeperChannel(clock, resolve);
    for (const signal of GROUP_SIGNALS) process.on(signal, () => undefined);
    process.on("message", (message, handle) => channel.take(message as KeeperMessage, handle));
    process.on("disconnect", () => channel.orphan());
  });
}

/** The bus of a process before and after it has a receiver; messages that come earlier wait for it. */
class ChildBus implements Bus {
  readonly self: string;
  readonly #post: (message: ChildMessage, payloadBytes: number) => void;
  #handler: ((message: RouterMessage) => void) | undefined;
  #early: RouterMessage[] = [];

  constructor(self: string, post: (message: ChildMessage, payloadBytes: number) => void) {
    this.self = self;
    this.#post = post;
  }

  send(to: string, message: RouterMessage): void {
    const bytes = packMessage(message);
    this.#post({ kind: "bus", to, bytes }, bytes.length);
  }

  receive(handler: (message: RouterMessage) => void): void {
    this.#handler = handler;
    const early = this.#early;
    this.#early = [];
    for (const message of early) handler(message);
  }

  deliver(message: RouterMessage): void {
    if (this.#handler === undefined) this.#early.push(message);
    else this.#handler(message);
  }
}

class KeeperChannel {
  readonly #clock: Clock;
  readonly #started: (child: ChildProcess) => void;
  readonly #sender: ChannelSender;
  #bus: ChildBus | undefined;
  #start: StartMessage | undefined;
  #acceptEnd: AcceptEnd | undefined;
  #lost = 0;

  constructor(clock: Clock, started: (child: ChildProcess) => void) {
    this.#clock = clock;
    this.#started = started;
    this.#sender = new ChannelSender({
      isOpen: () => process.connected,
      send: (message, _handle, sent) => process.send?.(message, undefined, {}, sent),
    });
  }

  take(message: KeeperMessage, handle: unknown): void {
    switch (message.kind) {
      case "start":
        this.#begin(message);
        break;
      case "accept-limit":
        this.#acceptEnd?.onLimit(message.limit);
        break;
      case "listener":
        if (typeof handle === "object" && handle !== null) this.#acceptEnd?.onListener(message.index, handle);
        break;
      case "bus":
        this.#deliver(unpackMessage(message.bytes));
        break;
      default: // a newer keeper's word
    }
  }

  /** The keeper is gone: nobody will restart or stop this process, and its ports are wanted. */
  orphan(): void {
    const graceMs = this.#orphanGraceMs();
    this.#deliver({ kind: "stop", graceMs, hasSuccessor: false });
    this.#clock.alarm(graceMs + ORPHAN_MARGIN_MS, () => process.exit(1));
    if (this.#start === undefined) process.exit(1);
  }

  /** Workers let exchanges finish; control holds the journal, which the next one waits for. */
  #orphanGraceMs(): number {
    if (this.#start === undefined) return 0;
    const { stopGraceMs } = this.#start.settings;
    return this.#start.role === "worker" ? stopGraceMs : Math.min(stopGraceMs, ORPHAN_CONTROL_GRACE_MS);
  }

  #deliver(message: RouterMessage): void {
    if (message.kind === "stop") this.#acceptEnd?.onStop();
    this.#bus?.deliver(message);
  }

  #begin(start: StartMessage): void {
    const self = start.role === "control" ? "control" : workerAddress({ slot: start.slot, pid: process.pid });
    const bus = new ChildBus(self, (message, payloadBytes) => this.#post(message, payloadBytes));
    this.#start = start;
    this.#bus = bus;
    this.#started({
      start,
      bus,
      lostMessages: () => this.#lost,
      reportReady: () => this.#post({ kind: "ready" }),
      leave: (status = 0) => this.#leave(status),
      accepting: {
        attach: (end) => {
          this.#acceptEnd = end;
        },
        askForListeners: (open) => this.#post({ kind: "listeners-please", open }),
        tellOpen: (open) => this.#post({ kind: "open-connections", open }),
      },
    });
  }

  #post(message: ChildMessage, payloadBytes = 0): void {
    if (this.#sender.post(message, payloadBytes) !== "sent") this.#lost += 1;
  }

  #leave(status: number): void {
    this.#clock.alarm(LEAVE_MS_MAX, () => process.exit(status));
    this.#sender.whenDrained(() => process.exit(status));
  }
}
