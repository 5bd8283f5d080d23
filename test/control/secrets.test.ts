import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { unwrap } from "../../src/base/result.ts";
import { openSecrets, SECRETS_FILE } from "../../src/control/secrets.ts";
import { temporaryFolder } from "../support/control-site.ts";

t.test("secrets are made once, and only their owner may read them [F6]", async (t) => {
  const folder = temporaryFolder(t);
  const made = unwrap(await openSecrets(folder));
  t.equal(made.tokenKeys.length, 1);
  for (const key of [...made.tokenKeys, made.fingerprintKey]) t.match(key, /^[0-9a-f]{64}$/);
  t.equal(statSync(join(folder, SECRETS_FILE)).mode & 0o777, 0o600);
  t.strictSame(unwrap(await openSecrets(folder)), made, "a restart finds the same keys");
  const other = unwrap(await openSecrets(temporaryFolder(t)));
  t.not(other.fingerprintKey, made.fingerprintKey);
});

t.test("a file of secrets that is not whole is refused, and left as it is", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, SECRETS_FILE);
  const key = "ab".repeat(32);
  for (const text of [
    "",
    "{",
    "null",
    JSON.stringify({ version: 2, tokenKeys: [key], fingerprintKey: key }),
    JSON.stringify({ version: 1, tokenKeys: [], fingerprintKey: key }),
    JSON.stringify({ version: 1, tokenKeys: [key], fingerprintKey: "ab" }),
    JSON.stringify({ version: 1, tokenKeys: [key, 5], fingerprintKey: key }),
  ]) {
    writeFileSync(path, text);
    const refused = await openSecrets(folder);
    t.match(refused, { ok: false, fault: { code: "FILE_UNREADABLE" } });
    t.notOk(JSON.stringify(refused).includes(key), "no key is in the fault");
    t.equal(readFileSync(path, "utf8"), text);
  }
});

t.test("secrets that cannot be written are a fault, not a start without them", async (t) => {
  const refused = await openSecrets(join(temporaryFolder(t), "nowhere"));
  t.match(refused, { ok: false, fault: { code: "JOURNAL_UNAVAILABLE" } });
});
