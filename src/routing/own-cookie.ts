// The field lines that set the router's own cookie. Cold: only responses to new or moved users, and renewals, come here.

import { latin1 } from "../http1/octets.ts";
import { FIELD_CACHE_CONTROL, type ResponseHead } from "../http1/response-head.ts";
import type { ApplicationEntry } from "./table.ts";

/** Name and path of an application's own cookie. */
export interface OwnCookie {
  readonly name: string;
  readonly path: string;
}

/** The cookie covers the context root; or all paths, when the application has several roots or patterns. */
export function ownCookie(name: string, entry: ApplicationEntry): OwnCookie {
  const [root, ...others] = entry.contextRoots;
  return { name, path: root !== undefined && others.length + entry.paths.length === 0 ? root : "/" };
}

/**
 * The lines that set the cookie, or delete it when `value` is empty. A response that a shared cache might keep is told
 * to be private, lest one user's cookie be handed to all (W49).
 */
export function cookieLines(cookie: OwnCookie, value: string, head: ResponseHead, isSecure: boolean): Buffer {
  const attributes = `Path=${cookie.path}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  const life = value === "" ? "; Max-Age=0" : "";
  const line = `Set-Cookie: ${cookie.name}=${value}; ${attributes}${life}\r\n`;
  return Buffer.from(isPrivate(head) ? line : `${line}Cache-Control: private\r\n`, "latin1");
}

/** True when a Cache-Control field already keeps shared caches away. */
function isPrivate(head: ResponseHead): boolean {
  for (let field = 0; field < head.fieldCount; field += 1) {
    if (head.fieldId[field] !== FIELD_CACHE_CONTROL) continue;
    const value = latin1(head.bytes, head.valueStart[field] as number, head.valueEnd[field] as number);
    if (/(^|[\s,])(private|no-store)([\s,]|$)/i.test(value)) return true;
  }
  return false;
}
