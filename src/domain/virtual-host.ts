// A virtual host: a name for a set of `host:port` aliases that applications are bound to.

import type { VirtualHostName } from "./names.ts";

/** Aliases are `host:port` in lower case; host may be `*` or `*.example.com`, port may be `*`. */
export interface VirtualHost {
  readonly name: VirtualHostName;
  readonly aliases: readonly string[];
}
