import t from "tap";
import type { EpochMs } from "../../src/base/units.ts";
import { decodeCommand } from "../../src/domain/stored-command.ts";
import { applying, beginning, nodeMode, SHOP_YAML, serverMode, yaml } from "../support/declare.ts";

t.test("a command is the same after it was stored and read back", async (t) => {
  const commands = [
    applying(yaml(SHOP_YAML)),
    serverMode("Server01", "break", { until: 5 as EpochMs, reason: "disk", page: "<p>soon" }),
    nodeMode("node01", "stop"),
    serverMode("Server01", "break", { from: 4 as EpochMs }),
    beginning("Server01", 4),
  ];
  for (const command of commands) {
    const read = decodeCommand(JSON.parse(JSON.stringify(command)));
    t.ok(read.ok);
    if (read.ok) t.strictSame(read.value, command);
  }
});

t.test("a stored command of an unknown kind or with a field missing is refused by name", async (t) => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ kind: "fly", origin: { actor: "a" } }, "command.kind is not one of"],
    [{ kind: "remove-server", origin: { actor: "a" } }, "command.name is not a text"],
    [{ kind: "remove-server", name: "x" }, "command.origin is not an object"],
    [null, "command is not an object"],
  ];
  for (const [value, message] of cases) {
    const read = decodeCommand(value);
    t.notOk(read.ok);
    if (read.ok) continue;
    t.equal(read.fault.code, "JOURNAL_CORRUPT");
    t.ok(read.fault.message.includes(message), read.fault.message);
  }
});
