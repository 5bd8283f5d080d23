// The names of the domain's nouns, branded so that one kind never stands in for another.

import type { Brand } from "../base/brand.ts";

/** Names are unique within their kind in a domain, and never change. */
export type VirtualHostName = Brand<string, "VirtualHostName">;
export type ClusterName = Brand<string, "ClusterName">;
export type ServerName = Brand<string, "ServerName">;
export type NodeName = Brand<string, "NodeName">;
export type ApplicationId = Brand<string, "ApplicationId">;
export type EditionLabel = Brand<string, "EditionLabel">;
/** What an application server appends to its session ids to say which instance owns the session. */
export type RouteId = Brand<string, "RouteId">;

/** True for a usable name: a letter or digit first, then letters, digits, `_`, `-`, `.`; 64 characters at most. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(text);
}
