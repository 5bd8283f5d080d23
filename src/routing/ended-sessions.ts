// hot: bench/micro/decide.ts
// Sessions that were ended while their cookies live on: by an operator, or by the application with a header. Their next
// request is a new user's, and the session does not come back to life by the old cookie's being sent on.

/** Most that are remembered; beyond, the oldest are forgotten. */
const ENDED_MAX = 10_000;
/** How long a cookie of an ended session is expected to come back at most. */
const REMEMBERED_SECONDS = 3600;

/** A bounded memory of ended sessions by fingerprint. */
export class EndedSessions {
  readonly #endedAt = new Map<string, number>();
  readonly #wasEnded: ((high: number, low: number) => boolean) | null;

  /** @param wasEnded - the session table's own memory of ends that other workers told, when it has one */
  constructor(wasEnded: ((high: number, low: number) => boolean) | null) {
    this.#wasEnded = wasEnded;
  }

  add(high: number, low: number, nowSeconds: number): void {
    const key = `${high}/${low}`;
    this.#endedAt.delete(key);
    this.#endedAt.set(key, nowSeconds);
    if (this.#endedAt.size <= ENDED_MAX) return;
    for (const oldest of this.#endedAt.keys()) {
      this.#endedAt.delete(oldest);
      return;
    }
  }

  /** Asked only for sessions that the table does not know. */
  has(high: number, low: number, nowSeconds: number): boolean {
    if (this.#wasEnded?.(high, low) === true) return true;
    if (this.#endedAt.size === 0) return false;
    const endedAt = this.#endedAt.get(`${high}/${low}`);
    return endedAt !== undefined && nowSeconds - endedAt <= REMEMBERED_SECONDS;
  }
}
