// `route: s1` or `routes: [s1, old]`: the same key in two forms, of servers and of targets.

import type { Place, Reading } from "./reading.ts";
import type { Key } from "./shape.ts";
import { list, optional } from "./shape.ts";
import { routeId } from "./words.ts";

/** The two keys, to be spread into a record. */
export const ROUTES: {
  readonly route: Key<string | undefined>;
  readonly routes: Key<readonly string[] | undefined>;
} = {
  route: optional(routeId(), { help: "Route id that it appends to its session ids." }),
  routes: optional(list(routeId(), { identity: (route) => route }), {
    help: "Route ids that lead to it, the current one first; older ones keep old cookies valid.",
  }),
};

/** The route ids that the two keys give, none when neither is written; undefined when both are, which is noted. */
export function routesOf<Route extends string>(
  written: { readonly route: string | undefined; readonly routes: readonly string[] | undefined },
  place: Place,
  reading: Reading,
): readonly Route[] | undefined {
  const { route, routes } = written;
  if (route !== undefined && routes !== undefined) {
    return reading.refuse(place, `"route" and "routes" are the same key; write routes: [${route}, …] alone`);
  }
  return (route === undefined ? (routes ?? []) : [route]) as readonly Route[];
}
