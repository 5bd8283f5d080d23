import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastify from "fastify";
import t from "tap";
import { parse } from "yaml";
import { schemaFiles } from "../../src/settings/json-schemas.ts";

const CONFIG = fileURLToPath(new URL("../../../config/", import.meta.url));
const EXAMPLES: Readonly<Record<string, string>> = {
  "tidegate.schema.json": "tidegate.yaml",
  "domain.schema.json": "domain.yaml",
};

/** All keys of a schema, at any depth. */
function keysOf(schema: unknown, found: Set<string> = new Set()): ReadonlySet<string> {
  if (typeof schema !== "object" || schema === null) return found;
  for (const [word, value] of Object.entries(schema)) {
    if (word === "properties" && typeof value === "object" && value !== null) {
      for (const [key, sub] of Object.entries(value)) if (sub !== false) found.add(key);
    }
    if (word !== "default" && word !== "enum") keysOf(value, found);
  }
  return found;
}

/** Whether a value is valid by a schema, as the validator behind the admin API sees it. */
async function isValid(schema: object, value: unknown): Promise<boolean> {
  const app = fastify({
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allowUnionTypes: true,
      },
    },
  });
  app.post("/", { schema: { body: schema } }, async () => "valid");
  const { statusCode } = await app.inject({ method: "POST", url: "/", payload: value as object });
  await app.close();
  return statusCode === 200;
}

for (const { file, text } of schemaFiles()) {
  const example = EXAMPLES[file] ?? "";
  const yaml = readFileSync(`${CONFIG}${example}`, "utf8");

  t.test(
    `config/${file} is what the tables of keys say; else run node scripts/schemas.mjs [C5]`,
    async (t) => {
      t.equal(readFileSync(`${CONFIG}${file}`, "utf8"), text);
    },
  );

  t.test(`config/${example} explains every key that there is`, async (t) => {
    for (const key of keysOf(JSON.parse(text))) {
      t.match(yaml, new RegExp(`(^|[\\s{,])${key}: `, "m"), key);
    }
  });

  t.test(
    `an editor that knows the schema is content with config/${example}, and not with mistakes`,
    async (t) => {
      const schema = JSON.parse(text);
      const value = parse(yaml);
      t.ok(await isValid(schema, value));
      t.notOk(await isValid(schema, { ...value, unknownKey: 1 }));
      t.notOk(await isValid(schema, { ...value, router: { workers: "many" }, servers: [{ name: "A" }] }));
    },
  );
}
