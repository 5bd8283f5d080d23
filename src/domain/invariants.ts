// What is true of every domain, written down apart from the rules that keep it so. Tests check it after every command.

import { isDeepStrictEqual } from "node:util";
import type { Application } from "./application.ts";
import type { Domain } from "./domain.ts";
import type { Edition } from "./edition.ts";
import { decodeDomain, encodeDomain } from "./stored-domain.ts";

/** One sentence for each invariant that the domain breaks; none for a sound one. */
export function checkInvariants(domain: Domain): readonly string[] {
  const broken: string[] = [];
  checkNames(domain, broken);
  checkServerReferences(domain, broken);
  checkClaims(domain, broken);
  for (const application of domain.applications.values()) checkApplication(domain, application, broken);
  const reread = decodeDomain(JSON.parse(JSON.stringify(encodeDomain(domain))));
  if (!reread.ok) broken.push(reread.fault.message);
  else if (!isDeepStrictEqual(reread.value, domain)) broken.push("The domain differs when it is read back");
  return broken;
}

function checkNames(domain: Domain, broken: string[]): void {
  for (const map of [domain.virtualHosts, domain.clusters, domain.nodes, domain.servers]) {
    for (const [name, noun] of map) {
      if (noun.name !== name) broken.push(`"${name}" is kept under another name, "${noun.name}"`);
    }
  }
  for (const [id, { id: own }] of domain.applications) {
    if (own !== id) broken.push(`Application "${id}" is kept under another id, "${own}"`);
  }
}

function checkServerReferences(domain: Domain, broken: string[]): void {
  const nodes = new Set<string>();
  for (const server of domain.servers.values()) {
    nodes.add(server.node);
    if (!domain.nodes.has(server.node)) broken.push(`Server "${server.name}" is on no node`);
    if (server.cluster !== undefined && !domain.clusters.has(server.cluster)) {
      broken.push(`Server "${server.name}" is in cluster "${server.cluster}", which does not exist`);
    }
  }
  for (const node of domain.nodes.values()) {
    const isIdle = node.mode.mode === "normal" && node.mode.plan === undefined;
    if (isIdle && !nodes.has(node.name)) {
      broken.push(`Node "${node.name}" has no server and is not in maintenance`);
    }
  }
}

function checkClaims(domain: Domain, broken: string[]): void {
  const aliases = [...domain.virtualHosts.values()].flatMap((host) => host.aliases);
  if (new Set(aliases).size !== aliases.length) broken.push("An alias belongs to two virtual hosts");
  const claims = [...domain.applications.values()].flatMap((application) =>
    application.virtualHosts.flatMap((host) => application.contextRoots.map((root) => `${host} ${root}`)),
  );
  if (new Set(claims).size !== claims.length) broken.push("A context root belongs to two applications");
}

function checkApplication(domain: Domain, application: Application, broken: string[]): void {
  const { id, virtualHosts, editions, affinity } = application;
  if (!virtualHosts.every((host) => domain.virtualHosts.has(host))) {
    broken.push(`Application "${id}" is on a virtual host that does not exist`);
  }
  if (new Set(editions.map((edition) => edition.label)).size !== editions.length) {
    broken.push(`Application "${id}" has two editions of one label`);
  }
  const owners = new Map<string, string>();
  if (editions.filter((edition) => edition.lifecycle.state === "running").length > 1) {
    broken.push(`Application "${id}" has two editions that get new users`);
  }
  for (const edition of editions) {
    if (edition.lifecycle.state !== "distributed" && edition.lifecycle.revision > domain.revision) {
      broken.push(`Edition "${edition.label}" of "${id}" changed at a revision that has not come yet`);
    }
    if (edition.lifecycle.state === "undeployed") continue;
    const places = placesOf(domain, edition, broken);
    if (new Set(places.map((place) => place.at)).size !== places.length) {
      broken.push(`Edition "${edition.label}" of "${id}" is twice at one address of a server`);
    }
    if (affinity.style !== "suffix" && affinity.style !== "rewrite") continue;
    for (const { at, routes } of places) {
      for (const route of new Set(routes)) {
        const owner = owners.get(route);
        if (owner !== undefined) broken.push(`Route "${route}" of "${id}" leads to ${owner} and ${at}`);
        owners.set(route, at);
      }
    }
  }
}

interface PlaceOfEdition {
  readonly at: string;
  readonly routes: readonly string[];
}

function placesOf(domain: Domain, edition: Edition, broken: string[]): readonly PlaceOfEdition[] {
  return edition.targets.flatMap((target) => {
    if (target.kind === "cluster") {
      if (!domain.clusters.has(target.cluster)) broken.push(`There is no cluster "${target.cluster}"`);
      return [...domain.servers.values()]
        .filter((server) => server.cluster === target.cluster)
        .map((server) => ({ at: `${server.name} ${server.address}`, routes: server.routes }));
    }
    const server = domain.servers.get(target.server);
    if (server === undefined) {
      broken.push(`There is no server "${target.server}"`);
      return [];
    }
    if (server.cluster !== undefined && (target.address ?? server.address) === server.address) {
      broken.push(`Server "${server.name}" is a target by itself, but a member of "${server.cluster}"`);
    }
    return [
      { at: `${server.name} ${target.address ?? server.address}`, routes: target.routes ?? server.routes },
    ];
  });
}
