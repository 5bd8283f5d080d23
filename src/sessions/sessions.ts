// hot: bench/micro/session-table.ts
// What routing asks of the session table. A session is known by its fingerprint: 64 bits of a keyed hash of the
// application's id and the session id (`fingerprint.ts`), as two unsigned 32-bit halves; the id itself is never kept.

/** Index of a session that is not known. */
export const NO_SESSION = -1;

/** The live sessions of a worker (SPEC A4, A5). All methods run in one turn, allocate nothing and take at most 1 µs. */
export interface Sessions {
  /** Index of a live session, or `NO_SESSION`. An index is good until the turn ends. */
  find(high: number, low: number): number;
  /** Slot of the instance that the session is bound to (`InstanceState.slot`). */
  slotOf(index: number): number;
  /** Epoch seconds at which the session was last in use. */
  seenAt(index: number): number;
  /** One more request of the session; `nowSeconds` is epoch seconds. */
  touch(index: number, nowSeconds: number): void;
  /** The session is still in use, though it has no new request. */
  see(index: number, nowSeconds: number): void;
  /** A session is born, or an existing one moves to another instance. Returns its index. */
  bind(high: number, low: number, slot: number, nowSeconds: number): number;
  /** The session is over (cookie deleted, ended by header, by command); true when it was known. */
  end(high: number, low: number): boolean;
}
