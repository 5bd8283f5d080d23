import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { seededRandom } from "../../src/base/random.ts";
import { unwrap } from "../../src/base/result.ts";
import type { EpochMs } from "../../src/base/units.ts";
import { ControlPlane } from "../../src/control/control-plane.ts";
import type { MarkMessage } from "../../src/routing/messages.ts";
import { systemClock } from "../../src/system/clock.ts";
import { stayAlive } from "../../src/system/environment.ts";
import { rememberingLog, SHOP_YAML, settingsOf, temporaryFolder } from "../support/control-site.ts";
import { FakeBus } from "../support/fake-bus.ts";
import { HeldJournal } from "../support/held-journal.ts";

/** A bus on which a test can wait for a mark. */
class MarkBus extends FakeBus {
  #wake: () => void = () => {};

  override send(...sent: Parameters<FakeBus["send"]>): void {
    super.send(...sent);
    this.#wake();
  }

  /** The first mark after the first `seen` ones. */
  async mark(seen: number): Promise<MarkMessage> {
    for (;;) {
      const mark = this.sentOf("mark")[seen];
      if (mark !== undefined) return mark;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

t.test(
  "what a probe finds is told to the workers, shown, and told to a worker that starts later",
  async (t) => {
    t.teardown(stayAlive()); // the clock's alarms do not
    const server = createServer((socket) => socket.destroy());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const folder = temporaryFolder(t);
    const include = join(folder, "domain.yaml");
    const probe = "probe: { type: tcp, interval: 100ms, timeout: 100ms, fall: 2, rise: 1 }";
    writeFileSync(include, SHOP_YAML.replace('127.0.0.1:9081"', `127.0.0.1:${port}", ${probe}`));
    const bus = new MarkBus();
    const plane = unwrap(
      await ControlPlane.open({
        settings: settingsOf(folder, include),
        journal: new HeldJournal(),
        bus,
        clock: systemClock,
        random: seededRandom(1),
        log: rememberingLog(),
        sessionsKnownFrom: 0 as EpochMs,
        onStop: () => {},
      }),
    );
    t.teardown(() => plane.close());
    const statuses = () => plane.operations.servers().map(({ status }) => status);

    t.match(await bus.mark(0), { key: "shop/1/Server01", state: "up", by: "probe", from: "control" });
    t.strictSame(statuses(), ["up", "unknown"]);

    server.close();
    t.match(await bus.mark(1), { key: "shop/1/Server01", state: "down", by: "probe" });
    t.strictSame(statuses(), ["down", "unknown"]);
    t.ok(plane.operations.servers()[0]?.statusCause);
    t.match((await plane.operations.metrics()).text, /tidegate_marks_total\{state="down",by="probe"\} 1/);

    bus.deliver({ kind: "hello", from: "worker:1", worker: 1, pid: 101, incarnation: "w1" });
    const toNewcomer = bus.sent.filter(({ to }) => to === "worker:1").map(({ message }) => message);
    t.match(toNewcomer, [{ kind: "table" }, { kind: "mark", key: "shop/1/Server01", state: "down" }]);

    server.listen(port, "127.0.0.1");
    t.teardown(() => server.close());
    t.match(await bus.mark(3), { state: "up", by: "probe" });
    t.strictSame(statuses(), ["up", "unknown"]);
  },
);
