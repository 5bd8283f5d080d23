// What a `domain.yaml` refers to and does not declare itself: no mistake when the domain has it already, and else a typing
// mistake. Told with its place, whatever else is wrong with the file.

import { nearest } from "../base/nearest.ts";
import type { Place, Reading, Source } from "./reading.ts";
import { itemsUnder, textOf, under, walk } from "./walk.ts";

/** A virtual host that every domain has. */
export const BUILT_IN_HOST = "default_host";

/** Names that the file declares, by kind. */
interface Declared {
  readonly cluster: readonly string[];
  readonly server: readonly string[];
  readonly "virtual host": readonly string[];
}

/** One line for each reference to what the file does not declare: `file:line:column: path: There is no cluster "C" …`. */
export function openReferences(source: Source): readonly string[] {
  return walk(source, noteAll);
}

function noteAll(root: Place, reading: Reading): void {
  const declared: Declared = {
    cluster: named(root, "clusters", reading),
    server: named(root, "servers", reading),
    "virtual host": [BUILT_IN_HOST, ...named(root, "virtualHosts", reading)],
  };
  const note = (kind: keyof Declared, place: Place | undefined): void =>
    noteOne(kind, place, declared, reading);
  for (const server of itemsUnder(root, "servers", reading))
    note("cluster", under(server, "cluster", reading));
  for (const application of itemsUnder(root, "applications", reading)) {
    for (const host of itemsUnder(application, "virtualHosts", reading)) note("virtual host", host);
    for (const edition of itemsUnder(application, "editions", reading)) {
      for (const target of itemsUnder(edition, "targets", reading)) {
        note("cluster", under(target, "cluster", reading));
        note("server", under(target, "server", reading));
      }
    }
  }
}

function noteOne(kind: keyof Declared, place: Place | undefined, declared: Declared, reading: Reading): void {
  const name = textOf(place);
  if (place === undefined || name === undefined || declared[kind].includes(name)) return;
  const meant = nearest(name, declared[kind]);
  const advice = meant === undefined ? "" : `; did you mean "${meant}"?`;
  reading.refuse(place, `There is no ${kind} "${name}" in this file${advice}`);
}

function named(root: Place, key: string, reading: Reading): readonly string[] {
  return itemsUnder(root, key, reading).flatMap((item) => textOf(under(item, "name", reading)) ?? []);
}
