import t from "tap";
import { readableLine } from "../../src/system/readable-log.ts";

const TIME = "2026-01-31T14:05:09.123Z";

function lineOf(fields: object): string {
  const line = readableLine(`${JSON.stringify({ time: TIME, ...fields })}\n`);
  return line.replace(/^\d\d:\d\d:\d\d/, "hh:mm:ss"); // in this machine's time zone
}

t.test("a person at a terminal reads the log as text", async (t) => {
  t.equal(
    lineOf({
      level: "info",
      name: "control",
      pid: 1,
      server: "Server01",
      msg: "A probe finds the server up",
    }),
    "hh:mm:ss  control   A probe finds the server up  server=Server01\n",
  );
  t.equal(
    lineOf({
      level: "warn",
      name: "keeper",
      pid: 7,
      address: "worker:0",
      how: "SIGKILL",
      msg: "A process has died",
    }),
    "hh:mm:ss  keeper    WARN: A process has died  address=worker:0 how=SIGKILL pid=7\n",
    "a line about a process says which",
  );
});

t.test("lists, hints and stacks of the log stand on lines of their own", async (t) => {
  t.equal(
    lineOf({
      level: "error",
      name: "control",
      pid: 1,
      file: "/etc/my tidegate/domain.yaml",
      changes: ["one", "two"],
      hint: "Do this",
      err: { stack: "Error: no\n    at here" },
      msg: "It failed",
    }),
    [
      'hh:mm:ss  control   ERROR: It failed  file="/etc/my tidegate/domain.yaml"',
      "one",
      "two",
      "hint: Do this",
      "Error: no",
      "    at here\n",
    ].join("\n           "),
  );
});

t.test("what is no line of the log is passed on as it is", async (t) => {
  t.equal(readableLine("Segmentation fault\n"), "Segmentation fault\n");
});
