// The answer to a change: its revision, what happened, and how far it came.

import { Type } from "@sinclair/typebox";
import type { Submitted } from "../control/operations.ts";
import type { DomainEvent } from "../domain/command.ts";
import { AppliedSchema, revision, type SchemaOf } from "./schema.ts";

/** One event of the journal. */
export const DomainEventSchema: SchemaOf<DomainEvent> = Type.Object(
  {
    kind: Type.String({ description: "Such as `server.mode`, `application.declared` or `session.ended`" }),
    subject: Type.String({ description: "Name or id of the thing concerned" }),
    message: Type.String({ description: "One sentence for people" }),
    detail: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: "The same for programs" }),
    ),
  },
  { description: "What has happened" },
);

/** Answer to a change that every live router has applied. */
export const SubmittedSchema: SchemaOf<Submitted> = Type.Object(
  {
    revision: revision("Revision of the change"),
    events: Type.Array(DomainEventSchema, { description: "Empty when nothing had to change" }),
    applied: AppliedSchema,
  },
  {
    examples: [
      {
        revision: 7,
        events: [{ kind: "session.ended", subject: "shop", message: 'A session of "shop" was ended' }],
        applied: { revision: 7, routers: 1, applied: 1, missing: [] },
      },
    ],
  },
);
