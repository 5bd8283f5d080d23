import t from "tap";
import { isNamedByConnection } from "../../src/http1/connection-field.ts";
import { FIELD_CONNECTION } from "../../src/http1/request-head.ts";
import { parseRequest, withFields } from "./parsing.ts";

/** Whether field 1, which is called `name`, is named by the Connection fields behind it. */
function isNamed(name: string, ...connections: readonly string[]): boolean {
  const lines = connections.map((options) => `Connection: ${options}\r\n`).join("");
  const { status, head } = parseRequest(withFields(`${name}: 1\r\n${lines}`));
  if (status !== 0) throw new Error(head.refusal);
  return isNamedByConnection(head, FIELD_CONNECTION, 1);
}

t.test("a field that any Connection field names is known as hop by hop [W40]", (t) => {
  t.ok(isNamed("X-Hop", "x-hop"));
  t.ok(isNamed("x-hop", "close,X-HOP"));
  t.ok(isNamed("x-hop", "close ,\t x-hop\t , te"));
  t.ok(isNamed("x-hop", "close", "x-other", "x-hop"));
  t.ok(isNamed("x-hop", ",,x-hop,"));
  t.end();
});

t.test("a field whose name only resembles an option is not [W40]", (t) => {
  for (const options of ["", "x-ho", "x-hopp", "x hop", '"x-hop"', "x-hop;q=1", "x", "ax-hop", "close"]) {
    t.notOk(isNamed("x-hop", options), options);
  }
  t.end();
});
