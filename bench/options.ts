// The command line of `npm run bench`.

import { parseArgs } from "node:util";
import { CASES } from "./cases.ts";

/** What was asked for, complete with defaults. */
export interface Options {
  readonly help: boolean;
  readonly install: boolean;
  /** Names of those that take part; empty means everybody. */
  readonly only: readonly string[];
  readonly cases: readonly string[];
  readonly rounds: number;
  readonly windowMs: number;
  readonly warmMs: number;
  readonly countMax: number;
  readonly json: string;
  readonly tidegate: readonly string[];
  readonly base: string;
  readonly save: boolean;
}

/** What `--help` prints. */
export const USAGE: string = `npm run bench -- [options]        measures Tidegate and its peers
npm run bench -- micro [words]    runs the micro-benches whose name has one of the words

  --only NAMES       comma separated: tidegate, haproxy, nginx ...
  --cases NAMES      comma separated: ${CASES.map(({ name }) => name).join(", ")}
  --rounds N         rounds, interleaved (3)
  --seconds N        length of a measuring window (2)
  --warm N           seconds of load before each window (0.7)
  --count N          a window also ends after so many requests
  --quick            one round of 1 s of the cases small and browser
  --tidegate CMD     another build or command instead of this one, or NAME=CMD beside it; may be given often
  --base NAME        whom the others are compared with (tidegate)
  --json FILE        also write the results there
  --no-save          write nothing to bench/results
  --install          install what is missing (apt-get when root, npm ci in bench/peers), then end
`;

const KINDS = {
  help: { type: "boolean" },
  install: { type: "boolean" },
  quick: { type: "boolean" },
  only: { type: "string" },
  cases: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  warm: { type: "string" },
  count: { type: "string" },
  json: { type: "string" },
  base: { type: "string" },
  tidegate: { type: "string", multiple: true },
  "no-save": { type: "boolean" },
} as const;

/** Reads the arguments; throws an error that says what is wrong with them. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: KINDS, strict: true });
  const isQuick = values.quick ?? false;
  const cases = list(values.cases ?? (isQuick ? "small,browser" : ""));
  const known = CASES.map(({ name }) => name);
  const unknown = cases.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`No case is named "${unknown[0]}"; there are: ${known.join(", ")}`);
  return {
    help: values.help ?? false,
    install: values.install ?? false,
    only: list(values.only ?? ""),
    cases,
    rounds: positive("rounds", values.rounds ?? (isQuick ? "1" : "3")),
    windowMs: positive("seconds", values.seconds ?? (isQuick ? "1" : "2")) * 1000,
    warmMs: positive("warm", values.warm ?? (isQuick ? "0.3" : "0.7")) * 1000,
    countMax: positive("count", values.count ?? "1e12"),
    json: values.json ?? "",
    tidegate: values.tidegate ?? [],
    base: values.base ?? "",
    save: !(values["no-save"] ?? false),
  };
}

function list(text: string): readonly string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not "${text}"`);
  return value;
}
