// Nodes come and go with the servers that name them.
//
// A node without servers is kept while it is in maintenance, or that is planned: its mode lasts until somebody changes it
// (SPEC M2), also when its servers are declared anew one after the other.

import type { Draft } from "./draft.ts";
import type { NodeName } from "./names.ts";

/** Makes the node exist, in mode `normal`. */
export function nameNode(draft: Draft, name: NodeName): void {
  if (draft.nodes.has(name)) return;
  draft.nodes.set(name, { name, mode: { mode: "normal", since: draft.now, actor: draft.origin.actor } });
  draft.events.push({ kind: "node.declared", subject: name, message: `${name}: declared` });
}

/** Removes nodes in mode `normal`, and planned to stay so, that no server names any more. */
export function dropIdleNodes(draft: Draft): void {
  const named = new Set<NodeName>();
  for (const server of draft.servers.values()) named.add(server.node);
  for (const node of draft.nodes.values()) {
    if (named.has(node.name) || node.mode.mode !== "normal" || node.mode.plan !== undefined) continue;
    draft.nodes.delete(node.name);
    draft.events.push({
      kind: "node.removed",
      subject: node.name,
      message: `${node.name}: removed with its last server`,
    });
  }
}
