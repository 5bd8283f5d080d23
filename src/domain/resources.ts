// Applies a whole `domain.yaml`: all of it or nothing, with every mistake told. What it does not mention is left alone.

import { fault } from "../base/fault.ts";
import { checkApplications, declareApplication } from "./application.ts";
import { declareCluster } from "./cluster.ts";
import type { Resources } from "./command.ts";
import type { Draft } from "./draft.ts";
import { dropIdleNodes } from "./node.ts";
import { checkServers, declareServer } from "./server.ts";
import { checkAliases, declareVirtualHost } from "./virtual-host.ts";

/** Declares everything that the resources name, then checks the domain as it would be. */
export function applyResources(draft: Draft, resources: Resources): void {
  checkOnce(draft, "virtual host", resources.virtualHosts);
  checkOnce(draft, "cluster", resources.clusters);
  checkOnce(draft, "server", resources.servers);
  checkOnce(
    draft,
    "application",
    resources.applications.map((application) => ({ name: application.id })),
  );
  for (const declaration of resources.virtualHosts) declareVirtualHost(draft, declaration);
  for (const declaration of resources.clusters) declareCluster(draft, declaration);
  for (const declaration of resources.servers) declareServer(draft, declaration);
  for (const declaration of resources.applications) declareApplication(draft, declaration);
  dropIdleNodes(draft);
  checkAliases(draft);
  checkServers(draft);
  checkApplications(draft, new Set(resources.applications.map((application) => application.id)));
}

/** Of two declarations of one name it would be a matter of luck which one holds. */
function checkOnce(draft: Draft, noun: string, declarations: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of declarations) {
    if (seen.has(name)) {
      draft.faults.push(
        fault("BAD_COMMAND", `Cannot declare ${noun} "${name}" twice`, {
          hint: "Keep one of the two declarations",
        }),
      );
    }
    seen.add(name);
  }
}
