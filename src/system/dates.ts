// Points in time as text.

/** IMF-fixdate, as in the Date field (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(epochMs: number): string {
  return new Date(epochMs).toUTCString();
}

/** `2026-01-31T12:00:00`, UTC. */
export function isoSecond(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19);
}

/** `2026-01-31 12:00 UTC`. */
export function utcMinute(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
