// Who may call: loopback and Unix socket without tokens, bearers of a token otherwise; and no page in a browser may
// make its reader's browser call for it (CSRF, DNS rebinding).

import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { refuse } from "../base/fault.ts";
import { ok, type Result } from "../base/result.ts";
import { ACCESS_ROLES, type AccessRole, type Caller, type TokensFile } from "./tokens.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may call the route; `anyone` needs no token. */
    role?: AccessRole | "anyone";
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

const LOCAL_ADMINISTRATOR: Caller = { name: "local", role: "administrator" };
const NOBODY: Caller = { name: "anyone", role: "viewer" };

/**
 * Decides whether a request is let in, and as whom.
 *
 * @param tokens - undefined where there is no tokens file: then every local caller is an administrator
 * @param isSocketRequest - true when it came over the Unix socket, which a browser cannot reach
 */
export async function admit(
  request: FastifyRequest,
  tokens: TokensFile | undefined,
  isSocketRequest: (raw: IncomingMessage) => boolean,
): Promise<Result<Caller>> {
  const role = request.routeOptions.config.role ?? "administrator";
  if (role === "anyone") return ok(NOBODY);
  if (tokens !== undefined) {
    const caller = await bearerOf(request, tokens);
    return caller.ok && !covers(caller.value.role, role) ? tooLow(request, caller.value, role) : caller;
  }
  if (isSocketRequest(request.raw)) return ok(LOCAL_ADMINISTRATOR);
  const reason = whyForeign(request);
  if (reason === undefined) return ok(LOCAL_ADMINISTRATOR);
  return refuse("FORBIDDEN", `Cannot take ${request.method} ${request.url}: ${reason}`, {
    hint: "Call it with `tidegate` or another program on this machine, or set `admin: tokensFile` and send a token",
  });
}

/** True for a host name or address that only this machine can mean. */
export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return bare === "localhost" || bare === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

async function bearerOf(request: FastifyRequest, tokens: TokensFile): Promise<Result<Caller>> {
  const match = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "");
  const action = `Cannot take ${request.method} ${request.url}`;
  if (match?.[1] === undefined) return refuse("UNAUTHORIZED", `${action}: it has no token`);
  const caller = await tokens.callerOf(match[1]);
  return caller === undefined ? refuse("UNAUTHORIZED", `${action}: its token is not known`) : ok(caller);
}

function covers(has: AccessRole, needs: AccessRole): boolean {
  return ACCESS_ROLES.indexOf(has) >= ACCESS_ROLES.indexOf(needs);
}

function tooLow(request: FastifyRequest, caller: Caller, needs: AccessRole): Result<Caller> {
  return refuse(
    "FORBIDDEN",
    `Cannot take ${request.method} ${request.url}: "${caller.name}" is ${caller.role}, and it needs ${needs}`,
  );
}

/**
 * Why a request without a token cannot be trusted to come from a program on this machine; undefined when it can.
 * Pages that their reader opens here himself may read, since reading changes nothing and no other page sees it.
 */
function whyForeign(request: FastifyRequest): string | undefined {
  const host = request.headers.host ?? "";
  if (!isLoopback(host.replace(/:\d+$/, ""))) return `its Host is "${host}", not this machine`;
  const reads = request.method === "GET" || request.method === "HEAD";
  const site = request.headers["sec-fetch-site"];
  const origin = request.headers.origin;
  if (reads && origin === undefined && (site === undefined || site === "none" || site === "same-origin")) {
    return undefined;
  }
  if (origin !== undefined) return `it comes from a page in a browser ("${origin}")`;
  return site === undefined ? undefined : "it comes from a page in a browser";
}
