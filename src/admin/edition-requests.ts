// What the verbs of editions are asked, as JSON.

import { Type } from "@sinclair/typebox";
import type { EditionChoice } from "../domain/lifecycle.ts";
import { REASON_LENGTH_MAX } from "./api.ts";
import { oneOf, type SchemaOf } from "./schema.ts";

/** Where an edition is, as `domain.yaml` writes it: a cluster, or a server that may have another address and routes for it. */
export interface WrittenTarget {
  readonly cluster?: string;
  readonly server?: string;
  readonly address?: string;
  readonly route?: string;
  readonly routes?: readonly string[];
}

/** Body of `POST …/distribute`. */
export interface DistributeRequest {
  readonly edition: string;
  readonly targets?: readonly WrittenTarget[];
  readonly reason?: string;
}

/** Body of `POST …/start`. */
export interface StartRequest {
  readonly edition?: string;
  readonly toSeconds?: number;
  readonly force?: boolean;
  readonly reason?: string;
}

/** Body of `POST …/redeploy`. */
export interface RedeployRequest extends StartRequest {
  readonly edition: string;
  readonly targets?: readonly WrittenTarget[];
}

/** Body of `POST …/undeploy`. */
export interface UndeployRequest {
  readonly choice?: EditionChoice["kind"];
  readonly edition?: string;
  readonly toSeconds?: number;
  readonly force?: boolean;
  readonly reason?: string;
}

const TARGETS_MAX = 10_000;
/** Enough for as many targets as are allowed. */
export const TARGETS_BYTES_MAX: number = 2 * 1024 * 1024;
const DRAIN_SECONDS_MAX = 366 * 86_400;

const label = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
  description: "Label of the edition",
});
const reason = Type.Optional(
  Type.String({ maxLength: REASON_LENGTH_MAX, description: "Why; kept in the journal" }),
);
const targets = Type.Optional(
  Type.Array(
    Type.Object(
      {
        cluster: Type.Optional(Type.String({ description: "All members of this cluster" })),
        server: Type.Optional(Type.String({ description: "This server" })),
        address: Type.Optional(
          Type.String({ description: "Where the edition is on the server, if not at the server's address" }),
        ),
        route: Type.Optional(Type.String({ description: "Route id that it appends to its session ids" })),
        routes: Type.Optional(
          Type.Array(Type.String(), { description: "Route ids that lead to it, the current one first" }),
        ),
      },
      { additionalProperties: false },
    ),
    {
      minItems: 1,
      maxItems: TARGETS_MAX,
      description: "Where it is, as in `domain.yaml`; those that it had before when this is left out",
    },
  ),
);
const toSeconds = Type.Number({ minimum: 0, maximum: DRAIN_SECONDS_MAX });
const retireSeconds = Type.Optional({
  ...toSeconds,
  description: "How long the edition before may keep its users at most; until it is drained when left out",
});
const startForce = Type.Optional(Type.Boolean({ description: "Start it without asking its servers first" }));

/** Checks and describes a `DistributeRequest`. */
export const DistributeSchema: SchemaOf<DistributeRequest> = Type.Object(
  { edition: label, targets, reason },
  {
    additionalProperties: false,
    examples: [{ edition: "2", targets: [{ server: "Server01", address: "127.0.0.1:9082", route: "s1b" }] }],
  },
);

/** Checks and describes a `StartRequest`. */
export const StartSchema: SchemaOf<StartRequest> = Type.Object(
  {
    edition: Type.Optional({
      ...label,
      description: "Label of the edition; the newest one that is distributed when left out",
    }),
    toSeconds: retireSeconds,
    force: startForce,
    reason,
  },
  { additionalProperties: false, examples: [{ toSeconds: 600, reason: "release 2" }] },
);

/** Checks and describes a `RedeployRequest`. */
export const RedeploySchema: SchemaOf<RedeployRequest> = Type.Object(
  { edition: label, targets, toSeconds: retireSeconds, force: startForce, reason },
  {
    additionalProperties: false,
    examples: [
      {
        edition: "2",
        targets: [{ server: "Server01", address: "127.0.0.1:9082", route: "s1b" }],
        reason: "release 2",
      },
    ],
  },
);

/** Checks and describes an `UndeployRequest`. */
export const UndeploySchema: SchemaOf<UndeployRequest> = Type.Object(
  {
    choice: Type.Optional(
      oneOf(
        ["only", "old", "new", "all", "edition"],
        "Which: `only` (default) when there is one; `old`: all but the newest; `new`: the newest, a rollback when the one " +
          "before is there; `all`; `edition`: the one named (default when one is named)",
      ),
    ),
    edition: Type.Optional(label),
    toSeconds: Type.Optional({
      ...toSeconds,
      description:
        "How long its users may stay; when left out they are cut, and only requests in flight finish within 5 minutes",
    }),
    force: Type.Optional(Type.Boolean({ description: "At once: requests in flight are interrupted" })),
    reason,
  },
  { additionalProperties: false, examples: [{ choice: "new", reason: "errors in the checkout" }] },
);
