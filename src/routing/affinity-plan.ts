// hot: bench/micro/decide.ts
// How an application's requests find the instance that owns their session (SPEC A1). One plan an application, made when
// the table is compiled; the styles are in files of their own.

import type { Random } from "../base/random.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { ClientPoint, Decision, ResponseEdits } from "./decision.ts";
import type { EndedSessions } from "./ended-sessions.ts";
import type { InstanceStates } from "./instance-states.ts";
import type { RoutedApplication, RoutedInstance } from "./routed.ts";
import type { Tie } from "./tie.ts";

/** What plans share: the worker's tables and the time, which the proxy sets once an event-loop turn. */
export interface AffinityContext {
  readonly sessions: Sessions;
  readonly states: InstanceStates;
  readonly random: Random;
  /** Sessions that an operator or the application has ended while their cookies live on. */
  readonly ended: EndedSessions;
  /** Monotonic. */
  nowMs: number;
  /** Epoch. */
  nowSeconds: number;
}

/** One style of affinity with an application's settings. */
export interface AffinityPlan {
  /** The session stays where it is known to be; false when requests of one session may go anywhere. */
  readonly isSticky: boolean;
  /** Reads the session out of the request: fills `tie`, and the session and strip fields of `decision`. */
  find(
    head: RequestHead,
    client: ClientPoint,
    application: RoutedApplication,
    tie: Tie,
    decision: Decision,
  ): void;
  /** Reads what the response says of the session and fills `edits`. */
  readResponse(decision: Decision, instance: RoutedInstance, head: ResponseHead, edits: ResponseEdits): void;
}
