// Why an exchange ended: one word each for metrics and the access log (SPEC C4). They grow, never change.

/** Termination causes. `README.md` of this folder says what each means. */
export const CAUSES = [
  "done",
  "bad-request",
  "no-route",
  "unavailable",
  "queue-timeout",
  "queue-full",
  "client-abort",
  "client-timeout",
  "upstream-connect",
  "upstream-closed",
  "upstream-timeout",
  "upstream-malformed",
  "upstream-truncated",
  "mirror-close",
  "mode-closed",
  "instance-gone",
  "refused-connection",
] as const;

/** One of the causes above. */
export type Cause = (typeof CAUSES)[number];
