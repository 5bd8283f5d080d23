// What to do when an upstream fails before it has answered (SPEC P3, W70, and the keep-alive race of the wire checklist).
// Pure: facts in, a verdict out.

/** How an upstream failed. */
export type UpstreamFailure =
  /** No connection could be made. Nothing was sent. */
  | "connect"
  /** It closed the connection before the first byte of a response. */
  | "closed"
  /** No first byte in time. */
  | "silent"
  /** What it sent is no response. */
  | "malformed"
  /** It is in the routing table no more, and the router has given it up (SPEC D12). */
  | "gone";

/** What is known when it failed. */
export interface FailureFacts {
  readonly failure: UpstreamFailure;
  /** The connection had served a request before: its close may have crossed ours. */
  readonly wasReused: boolean;
  /** Nothing of the request has reached the connection. */
  readonly nothingSent: boolean;
  readonly isIdempotent: boolean;
  /** The whole request so far is still in memory and can be sent again. */
  readonly isReplayable: boolean;
  /** Times that this request was sent to an instance, this one included. */
  readonly attempts: number;
  readonly attemptsMax: number;
  /** The client's connection has carried a request before: the client must expect it to close (RFC 9112 §9.3.1). */
  readonly clientMayRetry: boolean;
}

/** What the exchange does next. */
export type FailureVerdict =
  /** A fresh connection to the same instance. */
  | "same-instance"
  /** Another instance, this one left out. */
  | "other-instance"
  /** Close the client's connection without an answer: the client repeats by itself. */
  | "mirror-close"
  /** Answer 502, 503 or 504. */
  | "answer";

/** Decides what becomes of a request whose upstream failed. A request that may have been acted upon is never repeated. */
export function afterFailure(facts: FailureFacts): FailureVerdict {
  if (facts.failure === "malformed") return "answer";
  const mayRepeat = facts.nothingSent || (facts.isIdempotent && facts.isReplayable);
  // What was never sent goes on to every instance there is; each is tried once.
  if (facts.failure !== "connect" && facts.attempts >= facts.attemptsMax) return "answer";
  if (facts.failure === "closed" && facts.wasReused) {
    if (mayRepeat) return "same-instance";
    return facts.clientMayRetry ? "mirror-close" : "answer";
  }
  return mayRepeat ? "other-instance" : "answer";
}
