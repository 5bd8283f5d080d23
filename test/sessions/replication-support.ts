// A router's processes as far as sessions go: each with its own table, slots and replicator, over a network that keeps
// the order between two processes only, and delivers when the test says.

import { SILENT_LOG } from "../../src/base/log.ts";
import { type Random, randomBelow } from "../../src/base/random.ts";
import { type SessionMessage, SessionReplicator } from "../../src/sessions/replication.ts";
import { SessionTable } from "../../src/sessions/session-table.ts";
import type { SlotRegistry } from "../../src/sessions/slot-registry.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { slotRegistry } from "./table-support.ts";

export interface Process {
  readonly address: string;
  readonly table: SessionTable;
  readonly slots: SlotRegistry;
  readonly replicator: SessionReplicator;
}

interface Letter {
  readonly from: string;
  readonly to: string;
  readonly message: SessionMessage;
}

export class Network {
  readonly clock: FakeClock = new FakeClock();
  readonly processes: Map<string, Process> = new Map();
  /** On their way, oldest first. */
  letters: Letter[] = [];
  /** Letters that were sent, ever. */
  sent = 0;

  get nowSeconds(): number {
    return Math.floor(this.clock.epochMs() / 1000);
  }

  /** Starts a process at `control` or `worker:SLOT/PID`; `keys` are met first, so that its slots differ from others'. */
  start(address: string, ...keys: readonly string[]): Process {
    const slots = slotRegistry(...keys);
    const table = new SessionTable({ sessionsMax: 100_000, epochSeconds: () => this.nowSeconds, slots });
    const replicator = new SessionReplicator({
      self: address,
      table,
      slots,
      clock: this.clock,
      log: SILENT_LOG,
      send: (to, message) => this.#post(address, to, message),
    });
    const made: Process = { address, table, slots, replicator };
    this.processes.set(address, made);
    return made;
  }

  /** Ends a process; what is on its way to it is lost. */
  kill(address: string): void {
    this.processes.get(address)?.replicator.close();
    this.letters = this.letters.filter((letter) => letter.to !== address);
    this.processes.delete(address);
  }

  /** Tells all processes which workers there are. */
  tellPeers(): void {
    const workers = [...this.processes.keys()].flatMap((address) => {
      const [, slot, pid] = /^worker:(\d+)\/(\d+)$/.exec(address) ?? [];
      return slot === undefined ? [] : [{ slot: Number(slot), pid: Number(pid) }];
    });
    for (const { replicator } of this.processes.values()) replicator.receive({ kind: "peers", workers });
  }

  /** Delivers everything, and what is sent in answer, in the order of sending. */
  deliverAll(): void {
    for (let letter = this.letters.shift(); letter !== undefined; letter = this.letters.shift()) {
      this.#deliver(letter);
    }
  }

  /** Delivers one letter between two random processes: the oldest of those two. */
  deliverOne(random: Random): void {
    const chosen = this.letters[randomBelow(random, Math.max(this.letters.length, 1))];
    if (chosen === undefined) return;
    const at = this.letters.findIndex(({ from, to }) => from === chosen.from && to === chosen.to);
    const [letter] = this.letters.splice(at, 1);
    if (letter !== undefined) this.#deliver(letter);
  }

  /** Lets time pass and delivers what is said meanwhile. */
  settle(ms = 3000): void {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50);
      this.deliverAll();
    }
  }

  close(): void {
    for (const { replicator } of this.processes.values()) replicator.close();
  }

  #post(from: string, to: string, message: SessionMessage): void {
    const receivers = to === "all" ? [...this.processes.keys()].filter((one) => one !== from) : [to];
    for (const receiver of receivers) {
      if (!this.processes.has(receiver)) continue;
      this.letters.push({ from, to: receiver, message });
      this.sent += 1;
    }
  }

  #deliver({ to, message }: Letter): void {
    this.processes.get(to)?.replicator.receive(message);
  }
}
