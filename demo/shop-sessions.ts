// The shop's sessions, in the memory of one server: exactly what makes affinity necessary.

import { randomBytes } from "node:crypto";

const COOKIE = "JSESSIONID";
const PATH = "/shop";
const IDLE_MS = 30 * 60_000;
const SESSIONS_MAX = 10_000;

export interface ShopSession {
  readonly id: string;
  readonly since: number;
  lastSeen: number;
  requests: number;
  /** Pieces by product id. */
  readonly cart: Map<string, number>;
}

/** The session of a request, and what the browser must be told. */
export interface Visit {
  readonly session: ShopSession;
  /** `Set-Cookie` for a new session, else null. */
  readonly setCookie: string | null;
  /** The browser had a session that this server does not know: it was born on another one, or has expired. */
  readonly isLost: boolean;
}

export class ShopSessions {
  readonly #route: string;
  readonly #sessions = new Map<string, ShopSession>();

  /** @param route - what the server appends to its session ids, as Tomcat's `jvmRoute` does */
  constructor(route: string) {
    this.#route = route;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** The session that the cookies name, or a new one. */
  visit(cookies: string | undefined, now: number): Visit {
    const id = sessionId(cookies);
    const known = id === null ? undefined : this.#sessions.get(id);
    if (known !== undefined && now - known.lastSeen < IDLE_MS) {
      known.lastSeen = now;
      known.requests += 1;
      // Last in the order of the map: the first ones are those that may be dropped.
      this.#sessions.delete(known.id);
      this.#sessions.set(known.id, known);
      return { session: known, setCookie: null, isLost: false };
    }
    const session = this.#add(now);
    const value = `${session.id}:${this.#route}`;
    return {
      session,
      setCookie: `${COOKIE}=${value}; Path=${PATH}; HttpOnly; SameSite=Lax`,
      isLost: id !== null,
    };
  }

  /** Ends the session of the cookies; returns the `Set-Cookie` that deletes it. */
  end(cookies: string | undefined): string {
    const id = sessionId(cookies);
    if (id !== null) this.#sessions.delete(id);
    return `${COOKIE}=; Path=${PATH}; Max-Age=0; HttpOnly; SameSite=Lax`;
  }

  #add(now: number): ShopSession {
    for (const [id, session] of this.#sessions) {
      if (this.#sessions.size < SESSIONS_MAX && now - session.lastSeen < IDLE_MS) break;
      this.#sessions.delete(id);
    }
    const session: ShopSession = {
      id: randomBytes(16).toString("hex"),
      since: now,
      lastSeen: now,
      requests: 1,
      cart: new Map(),
    };
    this.#sessions.set(session.id, session);
    return session;
  }
}

/** The id without its route. */
function sessionId(cookies: string | undefined): string | null {
  for (const pair of (cookies ?? "").split(";")) {
    const [name, value = ""] = pair.trim().split("=", 2);
    if (name === COOKIE && value !== "") return value.split(":", 1)[0] ?? null;
  }
  return null;
}
