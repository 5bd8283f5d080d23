// What a `domain.yaml` refers to and does not declare itself: no mistake when the domain has it already, and else a typing
// mistake. Told with its place, whatever else is wrong with the file.

import { isScalar } from "yaml";
import { nearest } from "../base/nearest.ts";
import { type Place, Reading, type Source } from "./reading.ts";
import type { Shape } from "./shape.ts";

/** A virtual host that every domain has. */
const BUILT_IN_HOST = "default_host";

/** Names that the file declares, by kind. */
interface Declared {
  readonly cluster: readonly string[];
  readonly server: readonly string[];
  readonly "virtual host": readonly string[];
}

/** One line for each reference to what the file does not declare: `file:line:column: path: There is no cluster "C" …`. */
export function openReferences(source: Source): readonly string[] {
  let isYaml = false;
  const walk: Shape<true> = {
    schema: {},
    example: "",
    read(root, reading) {
      isYaml = true;
      noteAll(root, reading);
      return true;
    },
  };
  const result = Reading.read(source, walk);
  return isYaml && !result.ok ? (result.fault.details ?? []) : [];
}

function noteAll(root: Place, reading: Reading): void {
  const declared: Declared = {
    cluster: named(root, "clusters", reading),
    server: named(root, "servers", reading),
    "virtual host": [BUILT_IN_HOST, ...named(root, "virtualHosts", reading)],
  };
  const note = (kind: keyof Declared, place: Place | undefined): void =>
    noteOne(kind, place, declared, reading);
  for (const server of items(root, "servers", reading)) note("cluster", under(server, "cluster", reading));
  for (const application of items(root, "applications", reading)) {
    for (const host of items(application, "virtualHosts", reading)) note("virtual host", host);
    for (const edition of items(application, "editions", reading)) {
      for (const target of items(edition, "targets", reading)) {
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
  return items(root, key, reading).flatMap((item) => textOf(under(item, "name", reading)) ?? []);
}

function items(parent: Place, key: string, reading: Reading): readonly Place[] {
  const value = under(parent, key, reading);
  return value === undefined ? [] : (reading.items(value) ?? []);
}

function under(parent: Place, key: string, reading: Reading): Place | undefined {
  return reading.entries(parent)?.find((entry) => entry.key === key)?.value;
}

function textOf(place: Place | undefined): string | undefined {
  return isScalar(place?.node) && typeof place.node.value === "string" ? place.node.value : undefined;
}
