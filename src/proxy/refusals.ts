// Requests that the router refuses whatever the table says: methods that it does not serve, and loops.

import type { RequestHead } from "../http1/request-head.ts";
import * as is from "../http1/request-head.ts";
import { maxForwards } from "../http1/write-request-head.ts";

const NOT_IMPLEMENTED = 501;
const LOOP_DETECTED = 508;
/** Times that a request may come through a router of our name. */
const OWN_HOPS_MAX = 5;
/** Own answer to OPTIONS and TRACE that may go no further (W44). */
const NO_CONTENT = 204;

/** The status to answer with, or 0 when the request may go on. */
export function refusalOf(head: RequestHead, via: string): number {
  switch (head.method) {
    case is.METHOD_CONNECT: // a reverse proxy opens no tunnels to elsewhere (RFC 9110 §9.3.6)
    case is.METHOD_TRACE: // off: it shows what the router adds (W44)
      return NOT_IMPLEMENTED;
    case is.METHOD_OPTIONS:
      if (maxForwards(head) === 0) return NO_CONTENT;
      break;
    default:
  }
  return isLoop(head, via) ? LOOP_DETECTED : 0;
}

/**
 * The request goes round (RFC 9110 §7.6, W43). Routers in a row may share a pseudonym, so that a few hops under our own
 * name are fine; what comes back for ever is stopped soon enough.
 */
function isLoop(head: RequestHead, via: string): boolean {
  let hops = 0;
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (head.fieldId[index] !== is.FIELD_VIA) continue;
    const value = head.bytes.toString("latin1", head.valueStart[index], head.valueEnd[index]);
    for (const hop of value.split(",")) if (hop.trim().split(/[ \t]+/)[1] === via) hops += 1;
  }
  return hops >= OWN_HOPS_MAX;
}
