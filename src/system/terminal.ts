// Standard output and error, as a command needs them.

/** Where a command writes. What a person reads goes to `out`; faults and remarks go to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** True when a person looks at `out`, not a pipe or a file. */
  readonly isInteractive: boolean;
  readonly hasColor: boolean;
  /** Width of the window; 0 when there is none. */
  readonly columns: number;
}

/** This process's terminal. Colour is left out for pipes, for `NO_COLOR` (https://no-color.org) and for dumb terminals. */
export function systemTerminal(): Terminal {
  // Whoever reads us may leave early, as `head` does: nothing is wrong then.
  process.stdout.on("error", leaveQuietly);
  process.stderr.on("error", leaveQuietly);
  const isInteractive = process.stdout.isTTY === true;
  const isPlain = (process.env["NO_COLOR"] ?? "") !== "" || process.env["TERM"] === "dumb";
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isInteractive,
    hasColor: isInteractive && !isPlain,
    columns: isInteractive ? process.stdout.columns : 0,
  };
}

function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit();
}
