import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startAdminSite } from "../support/admin-site.ts";
import { tidegate } from "../support/tidegate.ts";

t.setTimeout(150_000); // every command is a process of its own

const PAGE = fileURLToPath(new URL("../../../docs/cli.md", import.meta.url));

/** The words of a line as a shell takes them; only as much of it as the page needs. */
function words(line: string): string[] {
  const parts = line.replace(/ +# .*$/, "").match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  return parts.map((part) => part.replace(/^(['"])(.*)\1$/, "$2"));
}

t.test("every command of the manual does what it says", async (t) => {
  const site = await startAdminSite(t);
  writeFileSync(join(site.folder, "domain.yaml"), "clusters: [{ name: Cluster02 }]\n");
  const env = { TIDEGATE_ADMIN: `unix:${site.socket}` };
  const lines = readFileSync(PAGE, "utf8").match(/^tidegate .*$/gm) ?? [];
  t.ok(lines.length > 10);
  for (const line of lines) {
    const { status, out, err } = await tidegate(words(line).slice(1), { folder: site.folder, env });
    t.equal(status, 0, `${line}\n${err}`);
    t.not(out, "", line);
  }
});
