// Measures the session table: time of a touch, a birth, an end and a fingerprint, memory for a million sessions, and the
// longest pause while it grows. `node dist/bench/micro/session-table.js [sessions]`

import { seededRandom } from "../../src/base/random.ts";
import { fingerprint, fingerprintSeeds } from "../../src/sessions/fingerprint.ts";
import { SessionSweep } from "../../src/sessions/session-sweep.ts";
import { SessionTable } from "../../src/sessions/session-table.ts";

const SESSIONS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 3;
const NOW = 1_700_000_000;

const high = new Uint32Array(SESSIONS);
const low = new Uint32Array(SESSIONS);
const random = seededRandom(1);
for (let number = 0; number < SESSIONS; number += 1) {
  high[number] = random.next() * 2 ** 32;
  low[number] = random.next() * 2 ** 32;
}

function print(name: string, value: string, unit: string): void {
  console.log(`${name.padEnd(44)} ${value.padStart(8)} ${unit}`);
}

/** Nanoseconds for each of `times` runs, best of the rounds: the others were disturbed. */
function measure(name: string, times: number, run: (round: number) => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    run(round);
    best = Math.min(best, performance.now() - startedAt);
  }
  print(name, ((best * 1e6) / times).toFixed(0), "ns");
}

function newTable(): SessionTable {
  const slots = { slotOf: () => 0, keyOf: () => "" };
  return new SessionTable({ sessionsMax: 4_000_000, epochSeconds: () => NOW, slots });
}

let table = newTable();
measure("bind a new session (growing)", SESSIONS, () => {
  table = newTable();
  for (let number = 0; number < SESSIONS; number += 1) {
    table.bind(high[number] ?? 0, low[number] ?? 0, number & 15, NOW);
  }
});
print(`memory for ${table.size} sessions`, (table.bytes / 1e6).toFixed(0), "MB");

let longestMs = 0;
const growing = newTable();
for (let number = 0; number < SESSIONS; number += 1) {
  const startedAt = performance.now();
  growing.bind(high[number] ?? 0, low[number] ?? 0, 0, NOW);
  longestMs = Math.max(longestMs, performance.now() - startedAt);
}
print("longest pause while growing", longestMs.toFixed(2), "ms");

measure("find and touch, each session in turn", SESSIONS, (round) => {
  for (let number = 0; number < SESSIONS; number += 1) {
    table.touch(table.find(high[number] ?? 0, low[number] ?? 0), NOW + round + 1);
    if ((number & 0x7fff) === 0) table.changes.touched.clear();
  }
});
measure("find an unknown session", SESSIONS, () => {
  for (let number = 0; number < SESSIONS; number += 1) table.find(low[number] ?? 0, high[number] ?? 0);
});
const sweep = new SessionSweep(table);
const limits = { idleSeconds: 1800, absoluteSeconds: 0 };
measure("sweep, each session", SESSIONS, () => {
  sweep.sweep(NOW, Number.POSITIVE_INFINITY, () => limits);
});
measure("end, or say that it has ended before", SESSIONS, () => {
  for (let number = 0; number < SESSIONS; number += 1) table.end(high[number] ?? 0, low[number] ?? 0);
});

const seed = fingerprintSeeds("5a".repeat(32))("shop");
const bytes = Buffer.from("JSESSIONID=".padEnd(300, "0123456789abcdef"));
const target = { high: 0, low: 0 };
measure("fingerprint of 30 bytes", 1_000_000, () => {
  for (let number = 0; number < 1_000_000; number += 1) {
    fingerprint(seed, bytes, number & 255, (number & 255) + 30, target);
  }
});
