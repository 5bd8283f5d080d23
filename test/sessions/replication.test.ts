import t, { type Test } from "tap";
import { randomBelow, seededRandom } from "../../src/base/random.ts";
import { workerAddress } from "../../src/base/worker-address.ts";
import { ACK_MS } from "../../src/sessions/ack-window.ts";
import { formatFingerprint } from "../../src/sessions/fingerprint.ts";
import { SYNC_MS } from "../../src/sessions/replication.ts";
import { NO_SLOT } from "../../src/sessions/session-record.ts";
import { NO_SESSION } from "../../src/sessions/sessions.ts";
import { Network, type Process } from "./replication-support.ts";
import { recordsOf } from "./table-support.ts";

const A = "shop/1/Server01";
const B = "shop/1/Server02";

/** Control and some workers that know of each other and have nothing to say yet. */
function router(
  test: Test,
  workers: number,
): {
  network: Network;
  workers: Process[];
  control: Process;
} {
  const network = new Network();
  const control = network.start("control");
  const started = Array.from({ length: workers }, (_, slot) =>
    network.start(
      workerAddress({ slot, pid: 100 + slot }),
      ...(slot % 2 === 0 ? [A, B] : ["other/1/Server09", B, A]),
    ),
  );
  network.tellPeers();
  network.settle();
  test.teardown(() => network.close());
  return { network, workers: started, control };
}

/** What a process knows, in words that mean the same in every process. */
function known({ table, slots }: Process): readonly string[] {
  return recordsOf(table).map((one) => {
    const name = formatFingerprint(one.high, one.low);
    if (one.slot === NO_SLOT) return `${name} ended ${one.boundSeconds}`;
    return `${name} at ${slots.keyOf(one.slot)} ${one.bornSeconds} ${one.boundSeconds} ${one.lastSeenSeconds}`;
  });
}

function serverOf({ table, slots }: Process, high: number, low: number): string | undefined {
  const index = table.find(high, low);
  return index === NO_SESSION ? undefined : slots.keyOf(table.slotOf(index));
}

t.test("a session born at one worker is soon known to all of them and to control [A5]", (t) => {
  const { network, workers, control } = router(t, 3);
  const [first] = workers;
  if (first === undefined) return t.end();
  first.table.bind(0xdead_beef, 7, first.slots.slotOf(B), network.nowSeconds);
  network.settle(250);
  for (const process of [...workers, control]) {
    t.equal(serverOf(process, 0xdead_beef, 7), B, process.address);
    t.equal(process.table.countOf(process.slots.slotOf(B)), 1);
  }
  return t.end();
});

t.test("touches are told about once a second and keep the session alive everywhere", (t) => {
  const { network, workers, control } = router(t, 2);
  const [first, second] = workers;
  if (first === undefined || second === undefined) return t.end();
  first.table.bind(1, 1, first.slots.slotOf(A), network.nowSeconds);
  network.settle(1000);
  const sentBefore = network.sent;
  for (let step = 0; step < 40; step += 1) {
    second.table.touch(second.table.find(1, 1), network.nowSeconds);
    network.clock.advance(50);
    network.deliverAll();
  }
  t.ok(network.sent - sentBefore <= 3 * 2, `${network.sent - sentBefore} messages for 40 requests`);
  network.settle(1300);
  second.table.touch(second.table.find(1, 1), network.nowSeconds); // tells what was left of the same second as well
  network.settle(1300);
  const last = known(second);
  t.same(known(first), last);
  t.same(known(control), last);
  t.equal(recordsOf(control.table)[0]?.requests, 42, "control knows the requests of all workers");
  return t.end();
});

t.test("a response waits until every worker has the new session, and no longer [A5]", (t) => {
  const { network, workers } = router(t, 3);
  const [first, second, third] = workers;
  if (first === undefined || second === undefined || third === undefined) return t.end();
  let isKnown = false;
  first.table.bind(1, 1, first.slots.slotOf(A), network.nowSeconds);
  const ack = first.replicator.flushNow(() => {
    t.equal(serverOf(second, 1, 1), A);
    t.equal(serverOf(third, 1, 1), A);
    isKnown = true;
  });
  t.ok(ack > 0);
  t.notOk(isKnown);
  network.deliverAll();
  t.ok(isKnown);
  t.equal(
    first.replicator.flushNow(() => t.pass("nothing new: at once")),
    0,
  );
  return t.end();
});

t.test("what was told without waiting is waited for too when somebody asks", (t) => {
  const { network, workers } = router(t, 2);
  const [first, second] = workers;
  if (first === undefined || second === undefined) return t.end();
  first.table.bind(1, 1, first.slots.slotOf(A), network.nowSeconds);
  network.clock.advance(60); // told by the tick, but not delivered
  let isKnown = false;
  first.replicator.flushNow(() => {
    isKnown = true;
    t.equal(serverOf(second, 1, 1), A);
  });
  t.notOk(isKnown);
  network.deliverAll();
  t.ok(isKnown);
  return t.end();
});

t.test("many responses in a row share the batches that they wait for", (t) => {
  const { network, workers } = router(t, 2);
  const [first] = workers;
  if (first === undefined) return t.end();
  const sentBefore = network.sent;
  let answered = 0;
  for (let number = 0; number < 200; number += 1) {
    first.table.bind(number, number, first.slots.slotOf(A), network.nowSeconds);
    first.replicator.flushNow(() => {
      answered += 1;
    });
  }
  network.deliverAll();
  t.equal(answered, 200);
  t.ok(network.sent - sentBefore < 30, `${network.sent - sentBefore} messages`);
  return t.end();
});

t.test("a worker that does not answer is waited for 250 ms, and then no more until it answers [A5]", (t) => {
  const { network, workers } = router(t, 2);
  const [first, second] = workers;
  if (first === undefined || second === undefined) return t.end();
  let answered = 0;
  const bindAndFlush = (id: number): void => {
    first.table.bind(id, id, first.slots.slotOf(A), network.nowSeconds);
    first.replicator.flushNow(() => {
      answered += 1;
    });
  };
  bindAndFlush(1);
  network.clock.advance(ACK_MS - 1);
  t.equal(answered, 0);
  network.clock.advance(1);
  t.equal(answered, 1);
  bindAndFlush(2);
  t.equal(answered, 2, "not waited for again");
  network.deliverAll();
  bindAndFlush(3);
  t.equal(answered, 2, "it has answered: waited for as before");
  network.deliverAll();
  t.equal(answered, 3);
  t.same(known(second), known(first));
  return t.end();
});

t.test("whoever could not join a batch is answered too when nobody acknowledges [A5]", (t) => {
  const { network, workers } = router(t, 2);
  const [first] = workers;
  if (first === undefined) return t.end();
  let answered = 0;
  for (let number = 1; number <= 10; number += 1) {
    first.table.bind(number, number, first.slots.slotOf(A), network.nowSeconds);
    first.replicator.flushNow(() => {
      answered += 1;
    });
  }
  network.clock.advance(ACK_MS);
  t.equal(answered, 10);
  return t.end();
});

t.test("a worker and the one that replaces it tell each other, and wait for each other [F3, A5]", (t) => {
  const { network, workers, control } = router(t, 2);
  const [old, other] = workers;
  if (old === undefined || other === undefined) return t.end();
  const next = network.start("worker:0/200");
  network.tellPeers();
  network.settle(200);
  const [first, second] = [old, next];
  for (const [number, process] of [first, second].entries()) {
    process.table.bind(number + 1, 7, process.slots.slotOf(A), network.nowSeconds);
    let isKnown = false;
    process.replicator.flushNow(() => {
      isKnown = true;
    });
    t.notOk(isKnown, "not before the others have it");
    network.deliverAll();
    t.ok(isKnown);
    for (const one of [old, next, other, control]) t.equal(serverOf(one, number + 1, 7), A, one.address);
  }
  return t.end();
});

t.test("a worker that dies or is replaced is not waited for", (t) => {
  const { network, workers } = router(t, 3);
  const [first] = workers;
  if (first === undefined) return t.end();
  let answered = 0;
  first.table.bind(1, 1, first.slots.slotOf(A), network.nowSeconds);
  first.replicator.flushNow(() => {
    answered += 1;
  });
  network.kill("worker:1/101");
  network.tellPeers();
  t.equal(answered, 0, "worker 2 has not answered");
  network.kill("worker:2/102");
  network.start("worker:2/999"); // another process where worker 2 was
  network.tellPeers();
  t.equal(answered, 1);
  return t.end();
});

t.test("a new worker is told all sessions, ends too, before it says that it is complete", (t) => {
  const { network, workers } = router(t, 2);
  const [first, second] = workers;
  if (first === undefined || second === undefined) return t.end();
  const random = seededRandom(1);
  for (let number = 0; number < 3000; number += 1) {
    first.table.bind(random.next() * 2 ** 32, number, number & 1, network.nowSeconds);
  }
  second.table.bind(77, 77, second.slots.slotOf(B), network.nowSeconds);
  first.table.bind(5, 5, 0, network.nowSeconds);
  network.settle(1500);
  first.table.end(5, 5);
  network.settle(200);
  t.equal(first.table.size, 3001);

  const born = network.start("worker:2/102", "unrelated/1/Server05");
  network.tellPeers();
  let sizeWhenComplete = -1;
  born.replicator.whenComplete(() => {
    sizeWhenComplete = born.table.size;
  });
  for (let round = 0; round < 20 && sizeWhenComplete < 0; round += 1) network.settle(50);
  t.equal(sizeWhenComplete, 3001);
  network.settle();
  t.same(known(born), known(first));
  let isAtOnce = false;
  born.replicator.whenComplete(() => {
    isAtOnce = true;
  });
  t.ok(isAtOnce);
  return t.end();
});

t.test("a worker that nobody tells anything takes up work after a second", (t) => {
  const network = new Network();
  t.teardown(() => network.close());
  const alone = network.start("worker:0/100");
  let isComplete = false;
  alone.replicator.whenComplete(() => {
    isComplete = true;
  });
  network.clock.advance(SYNC_MS - 1);
  t.notOk(isComplete);
  network.clock.advance(1);
  t.ok(isComplete);
  return t.end();
});

t.test("processes that all start at the same time do not wait for a second", (t) => {
  const network = new Network();
  t.teardown(() => network.close());
  const started = ["control", "worker:0/100", "worker:1/101"].map((address) => network.start(address));
  network.tellPeers();
  let complete = 0;
  for (const { replicator } of started) {
    replicator.whenComplete(() => {
      complete += 1;
    });
  }
  network.settle(200);
  t.equal(complete, 3);
  return t.end();
});

t.test("a burst beyond the limit of what waits to be told is told whole all the same [F4]", (t) => {
  const { network, workers, control } = router(t, 1);
  const [first] = workers;
  if (first === undefined) return t.end();
  for (let number = 0; number < 70_000; number += 1) {
    first.table.bind(Math.imul(number, 0x9e37_79b1) >>> 0, number, 0, network.nowSeconds);
  }
  t.ok(first.table.changes.overflowed);
  network.settle(4000);
  t.equal(control.table.size, 70_000);
  return t.end();
});

t.test("an operator's end of a session ends it at every worker and at control", (t) => {
  const { network, workers, control } = router(t, 2);
  const [first] = workers;
  if (first === undefined) return t.end();
  first.table.bind(0xabcd_ef01, 9, 0, network.nowSeconds);
  network.settle(200);
  for (const { replicator } of workers) {
    replicator.receive({ kind: "end-session", fingerprint: formatFingerprint(0xabcd_ef01, 9) });
  }
  network.settle(200);
  for (const process of [...workers, control]) t.equal(process.table.size, 0, process.address);
  return t.end();
});

t.test("a malformed batch changes nothing and ends nothing [F5]", (t) => {
  const { network, workers } = router(t, 2);
  const [first, second] = workers;
  if (first === undefined || second === undefined) return t.end();
  first.table.bind(1, 1, 0, network.nowSeconds);
  network.clock.advance(250);
  const good = network.letters.find(({ message }) => message.kind === "sessions")?.message;
  if (good?.kind !== "sessions") return t.fail("nothing was sent");
  for (let length = 0; length < good.bytes.length; length += 1) {
    second.replicator.receive({ kind: "sessions", from: "worker:0/100", bytes: good.bytes.slice(0, length) });
  }
  for (const [at, value] of [
    [0, 2],
    [1, 0xf0],
    [2, 9],
    [4, 7],
    [8, 0xff],
  ] as const) {
    const bytes = Uint8Array.from(good.bytes);
    bytes[at] = value;
    second.replicator.receive({ kind: "sessions", from: "worker:0/100", bytes });
  }
  t.equal(second.table.size, 0);
  second.replicator.receive(good);
  t.equal(second.table.size, 1);
  return t.end();
});

t.test(
  "all processes come to know the same, whatever happens where and in whatever order it is told [A5]",
  (t) => {
    for (const seed of [1, 2, 3, 4]) {
      const random = seededRandom(seed);
      const { network, workers, control } = router(t, 3);
      for (let step = 0; step < 3000; step += 1) {
        const worker = workers[randomBelow(random, workers.length)] as Process;
        const high = randomBelow(random, 4) * 0x4000_0001;
        const low = randomBelow(random, 5);
        const dice = randomBelow(random, 12);
        const index = worker.table.find(high, low);
        if (dice < 3)
          worker.table.bind(high, low, worker.slots.slotOf(random.next() < 0.5 ? A : B), network.nowSeconds);
        else if (dice < 6 && index !== NO_SESSION) worker.table.touch(index, network.nowSeconds);
        else if (dice === 6) worker.table.end(high, low);
        else if (dice < 9) network.deliverOne(random);
        else if (dice === 9) network.clock.advance(randomBelow(random, 200));
        else if (dice === 10) worker.replicator.flushNow(() => {});
        // Messages are on their way for much less than ends are remembered for.
        if (network.letters.length > 200) network.deliverAll();
      }
      network.settle();
      const [first] = workers;
      for (const process of [...workers, control]) {
        t.same(known(process), known(first as Process), `seed ${seed}: ${process.address}`);
        t.equal(process.table.size, first?.table.size);
      }
    }
    return t.end();
  },
);
