// Faults are values: a stable code that operators script against, a message that says what could not be done,
// and a hint that says what to do next. The table below is the one list of codes; the manual is held against it.

/** Every fault code. Operators script against them: they are added, never renamed. */
export type FaultCode =
  | "BAD_REQUEST"
  | "BAD_SETTINGS"
  | "BAD_USAGE"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "SERVER_UNKNOWN"
  | "NODE_UNKNOWN"
  | "CLUSTER_UNKNOWN"
  | "APPLICATION_UNKNOWN"
  | "EDITION_UNKNOWN"
  | "EDITION_STATE"
  | "EDITION_CHOICE"
  | "EDITION_NOT_READY"
  | "SESSION_UNKNOWN"
  | "VIRTUAL_HOST_UNKNOWN"
  | "CONTEXT_ROOT_TAKEN"
  | "ALIAS_TAKEN"
  | "ROUTE_TAKEN"
  | "CLUSTER_MEMBER_TARGETED"
  | "REVISION_CONFLICT"
  | "BROKEN_REFERENCE"
  | "BAD_COMMAND"
  | "JOURNAL_FULL"
  | "JOURNAL_UNAVAILABLE"
  | "JOURNAL_CORRUPT"
  | "NOT_APPLIED"
  | "ADMIN_UNREACHABLE"
  | "ADDRESS_IN_USE"
  | "LIMIT_REACHED"
  | "FILE_UNREADABLE"
  | "INTERNAL";

/** What each code means to an HTTP client of the admin API, and what to do about it. Codes are never renamed. */
export const FAULTS: Readonly<Record<FaultCode, { readonly status: number; readonly hint: string }>> = {
  BAD_REQUEST: { status: 400, hint: "Check the request against /v1/openapi.json" },
  BAD_SETTINGS: {
    status: 400,
    hint: "Correct the lines named above; `tidegate check FILE` tries a file without using it",
  },
  BAD_USAGE: { status: 400, hint: "See `tidegate --help`" },
  UNAUTHORIZED: { status: 401, hint: "Give a token with --token-file or TIDEGATE_TOKEN" },
  FORBIDDEN: { status: 403, hint: "Use a token whose role allows this" },
  NOT_FOUND: { status: 404, hint: "See /v1/openapi.json for what there is" },
  SERVER_UNKNOWN: { status: 404, hint: "`tidegate servers` lists the servers" },
  NODE_UNKNOWN: { status: 404, hint: "`tidegate servers` lists the servers and their nodes" },
  CLUSTER_UNKNOWN: { status: 404, hint: "Declare the cluster in domain.yaml and run `tidegate apply`" },
  APPLICATION_UNKNOWN: { status: 404, hint: "`tidegate apps` lists the applications" },
  EDITION_UNKNOWN: { status: 404, hint: "`tidegate app ID` lists the editions" },
  EDITION_STATE: { status: 409, hint: "`tidegate app ID` shows the editions and their states" },
  EDITION_CHOICE: { status: 409, hint: "Say which edition: --old, --new, --all or --edition LABEL" },
  EDITION_NOT_READY: {
    status: 409,
    hint: "Look after the servers named above and start again; --force starts it unverified",
  },
  SESSION_UNKNOWN: { status: 404, hint: "`tidegate sessions ID` lists the live sessions" },
  VIRTUAL_HOST_UNKNOWN: {
    status: 404,
    hint: "Declare the virtual host in domain.yaml and run `tidegate apply`",
  },
  CONTEXT_ROOT_TAKEN: { status: 409, hint: "Give one of the two another context root or virtual host" },
  ALIAS_TAKEN: { status: 409, hint: "Remove the alias from one of the two virtual hosts" },
  ROUTE_TAKEN: { status: 409, hint: "Give each instance of an application its own route id" },
  CLUSTER_MEMBER_TARGETED: { status: 409, hint: "Target the cluster, not its member" },
  REVISION_CONFLICT: { status: 409, hint: "Read the resource again and repeat the command" },
  BROKEN_REFERENCE: { status: 422, hint: "Declare what is missing, or correct the name" },
  BAD_COMMAND: { status: 422, hint: "Correct the field named above" },
  JOURNAL_FULL: {
    status: 507,
    hint: "Free disk space under the data directory; traffic is served on meanwhile",
  },
  JOURNAL_UNAVAILABLE: {
    status: 503,
    hint: "See the log of the control process; traffic is served on meanwhile",
  },
  JOURNAL_CORRUPT: {
    status: 500,
    hint: "Restore the data directory from a backup, or move the file named above aside",
  },
  NOT_APPLIED: {
    status: 504,
    hint: "`tidegate routers` shows which router lags; the change is kept and applied when it returns",
  },
  ADMIN_UNREACHABLE: {
    status: 503,
    hint: "Is Tidegate running? Start it with `tidegate run`, or name it with --admin URL",
  },
  ADDRESS_IN_USE: {
    status: 500,
    hint: "Stop the process that holds the address, or choose another in tidegate.yaml",
  },
  LIMIT_REACHED: { status: 429, hint: "Wait for what is under way to end, and try again" },
  FILE_UNREADABLE: { status: 400, hint: "Check the path and its permissions" },
  INTERNAL: { status: 500, hint: "This is a defect of Tidegate; the log has the details" },
};

/** An expected failure. `message` is a sentence without full stop, values in double quotes. */
export interface Fault {
  readonly code: FaultCode;
  readonly message: string;
  readonly hint: string;
  /** One entry for each mistake when there are several, such as the lines of a settings file. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** Makes a fault with the table's hint, or a better one where the caller knows one. */
export function fault(
  code: FaultCode,
  message: string,
  more: { readonly hint?: string; readonly details?: readonly string[]; readonly cause?: unknown } = {},
): Fault {
  return { code, message, hint: FAULTS[code].hint, ...more };
}

/** Makes a refused result: `return refuse("SERVER_UNKNOWN", 'Cannot …: there is no server "x"')`. */
export function refuse(
  code: FaultCode,
  message: string,
  more: { readonly hint?: string; readonly details?: readonly string[]; readonly cause?: unknown } = {},
): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: fault(code, message, more) };
}

/** Carries a fault through the shell, where exceptions end a command. */
export class FaultError extends Error {
  readonly fault: Fault;

  constructor(carried: Fault) {
    super(carried.message, carried.cause === undefined ? {} : { cause: carried.cause });
    this.name = "FaultError";
    this.fault = carried;
  }
}
