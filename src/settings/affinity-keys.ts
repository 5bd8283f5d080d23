// The keys of an application's affinity. Each style has keys of its own; one that has no meaning in a style is refused.

import type { Affinity } from "../domain/application.ts";
import type { Place, Reading } from "./reading.ts";
import { choice, count } from "./scalars.ts";
import type { Shape } from "./shape.ts";
import { defaulted, made, optional, record } from "./shape.ts";
import { SEPARATOR, token } from "./words.ts";

type Style = Affinity["style"];

const STYLES: readonly Style[] = ["suffix", "rewrite", "insert", "learn", "hash", "none"];

const KEYS = record(
  {
    style: defaulted(choice(STYLES), {
      default: "insert",
      help: "suffix: the server appends its route id to the session cookie; rewrite: the router does; insert: the router sets a cookie of its own; learn: the router remembers who set the session cookie; hash: by address, header or cookie; none.",
    }),
    cookie: optional(token({ what: "a cookie's name", example: "JSESSIONID" }), {
      help: "The application's session cookie; JSESSIONID for suffix when left out.",
    }),
    separator: optional(SEPARATOR, {
      help: 'Character before the route id, for suffix and rewrite: ":" or "+" WebSphere, "." Tomcat and JEUS, "!" WebLogic; default ":" for suffix, "." for rewrite.',
    }),
    urlParameter: optional(token({ what: "a parameter's name", example: "jsessionid" }), {
      help: "Path parameter that carries the session id without cookies; jsessionid when the cookie is JSESSIONID.",
    }),
    cacheIdLength: optional(count(4, { min: 0, max: 64 }), {
      help: "Characters before the session id that may change, for suffix: 4 for WebSphere; default 0.",
    }),
    routerCookie: optional(token({ what: "a cookie's name", example: "tidegate_shop" }), {
      help: "The router's own cookie, for insert; default tidegate_ with the application's id.",
    }),
    on: optional(choice(["address", "header", "cookie"]), {
      help: "What hash goes by; default the client's address.",
    }),
    name: optional(token({ what: "a name", example: "X-User" }), {
      help: "The header or cookie that hash goes by.",
    }),
  },
  '{ style: suffix, cookie: JSESSIONID, separator: ":" }',
);

type Written = typeof KEYS extends Shape<infer T> ? T : never;

/** The affinity as written; `routerCookie` is empty where its default depends on the application. */
export type WrittenAffinity = Affinity;

const MEANINGFUL: Readonly<Record<Style, readonly (keyof Written)[]>> = {
  suffix: ["cookie", "separator", "urlParameter", "cacheIdLength"],
  rewrite: ["cookie", "separator", "urlParameter"],
  insert: ["cookie", "routerCookie", "urlParameter"],
  learn: ["cookie", "urlParameter"],
  hash: ["cookie", "urlParameter", "on", "name"],
  none: ["cookie", "urlParameter"],
};

/** The shape of `affinity`. */
export const AFFINITY: Shape<WrittenAffinity> = made(KEYS, (written, place, reading) => {
  for (const name of Object.keys(written) as (keyof Written)[]) {
    if (name === "style" || written[name] === undefined || MEANINGFUL[written.style].includes(name)) continue;
    return reading.refuse(
      place,
      `"${name}" has no meaning with style ${written.style}, whose keys are ${MEANINGFUL[written.style].join(", ")}`,
    );
  }
  return styled(written, place, reading);
});

/** Gives the router's cookie its default name. */
export function affinityOf(affinity: WrittenAffinity, application: string): Affinity {
  if (affinity.style !== "insert" || affinity.routerCookie !== "") return affinity;
  return { ...affinity, routerCookie: `tidegate_${application}` };
}

function styled(written: Written, place: Place, reading: Reading): WrittenAffinity | undefined {
  const { style, separator, cacheIdLength = 0, routerCookie = "" } = written;
  const cookie = written.cookie ?? (style === "suffix" ? "JSESSIONID" : undefined);
  // Java's servers write the id of JSESSIONID into URLs as `;jsessionid=`.
  const urlParameter = written.urlParameter ?? (cookie === "JSESSIONID" ? "jsessionid" : undefined);
  const url = urlParameter === undefined ? {} : { urlParameter };
  const names = cookie === undefined ? url : { cookie, ...url };
  switch (style) {
    case "insert":
      return { style, routerCookie, ...names };
    case "none":
      return { style, ...names };
    case "hash": {
      const input = hashInput(written, place, reading);
      return input && { style, ...input, ...names };
    }
    default:
      break;
  }
  if (cookie === undefined) {
    return reading.refuse(place, `"cookie" is missing; style ${style} needs the name of the session cookie`);
  }
  switch (style) {
    case "suffix":
      return { style, cookie, separator: separator ?? ":", cacheIdLength, ...url };
    case "rewrite":
      return { style, cookie, separator: separator ?? ".", ...url };
    case "learn":
      return { style, cookie, ...url };
  }
}

function hashInput(
  { on = "address", name }: Written,
  place: Place,
  reading: Reading,
): Pick<Affinity & { readonly style: "hash" }, "on" | "name"> | undefined {
  if (on === "address") {
    if (name === undefined) return { on };
    return reading.refuse(place, `"name" has no meaning when hash goes by the address`);
  }
  if (name !== undefined) return { on, name };
  return reading.refuse(place, `"name" is missing; hash needs the name of the ${on} that it goes by`);
}
