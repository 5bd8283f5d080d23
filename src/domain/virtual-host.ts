// A virtual host: a name for a set of `host:port` aliases that applications are bound to.

import { fault } from "../base/fault.ts";
import type { VirtualHostDeclaration } from "./command.ts";
import type { Draft } from "./draft.ts";
import { differences } from "./draft.ts";
import type { VirtualHostName } from "./names.ts";

/** Aliases are `host:port` in lower case; host may be `*` or `*.example.com`, port may be `*`. */
export interface VirtualHost {
  readonly name: VirtualHostName;
  readonly aliases: readonly string[];
}

/** Declares a virtual host or gives one other aliases. */
export function declareVirtualHost(draft: Draft, declaration: VirtualHostDeclaration): void {
  const { name, aliases } = declaration;
  const before = draft.virtualHosts.get(name);
  const virtualHost: VirtualHost = { name, aliases };
  if (before === undefined) {
    draft.virtualHosts.set(name, virtualHost);
    draft.events.push({
      kind: "virtual-host.declared",
      subject: name,
      message: `${name}: declared for ${aliases.join(" ")}`,
    });
    return;
  }
  const changes = differences(before, virtualHost, { aliases: "aliases" });
  if (changes.length === 0) return;
  draft.virtualHosts.set(name, virtualHost);
  draft.events.push({
    kind: "virtual-host.changed",
    subject: name,
    message: `${name}: ${changes.join(", ")}`,
  });
}

/** Refuses an alias that two virtual hosts have, or one has twice: a request's host must lead to one of them. */
export function checkAliases(draft: Draft): void {
  const owners = new Map<string, VirtualHostName>();
  for (const virtualHost of draft.virtualHosts.values()) {
    for (const alias of virtualHost.aliases) {
      const owner = owners.get(alias);
      if (owner === undefined) {
        owners.set(alias, virtualHost.name);
        continue;
      }
      draft.faults.push(
        fault(
          "ALIAS_TAKEN",
          `Cannot give alias "${alias}" to virtual host "${virtualHost.name}": "${owner}" has it`,
        ),
      );
    }
  }
}
