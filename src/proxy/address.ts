// Addresses of instances, as they stand in the routing table, in the form that Node dials.

import type { IpcSocketConnectOpts, TcpSocketConnectOpts } from "node:net";

/** `host:port`, `[v6]:port` or `unix:/path` as connect options; the table's parser has checked the form. */
export function dialTarget(address: string): TcpSocketConnectOpts | IpcSocketConnectOpts {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(address.slice(colon + 1)) };
}
