// /v1/events: what has happened, as a list or as a stream.

import { Type } from "@sinclair/typebox";
import { FaultError, fault } from "../../base/fault.ts";
import type { Revision } from "../../base/units.ts";
import type { Command } from "../../domain/command.ts";
import type { JournalEntry } from "../../journal/journal.ts";
import type { Api, Backend } from "../api.ts";
import { EventStream } from "../event-stream.ts";
import { epochMs, responses, revision, type SchemaOf } from "../schema.ts";
import { DomainEventSchema } from "../submitted.ts";

/** Answer of `GET /v1/events` as JSON; `next` is what to give as `after` to read on. */
export interface EventList {
  readonly next: Revision;
  readonly entries: readonly JournalEntry[];
}

interface EventQuery {
  readonly after?: Revision;
  readonly limit: number;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1000;
const STREAMS_MAX = 64;

const EntrySchema: SchemaOf<JournalEntry> = Type.Object(
  {
    version: Type.Literal(1),
    revision: revision("Counts from 1 without gaps"),
    at: epochMs("When it was accepted"),
    command: Type.Unsafe<Command>({
      type: "object",
      description: "What was asked: its `kind`, its `origin` (who, and why) and what belongs to the kind",
      properties: {
        kind: { type: "string" },
        origin: {
          type: "object",
          properties: { actor: { type: "string" }, reason: { type: "string" } },
          required: ["actor"],
        },
      },
      required: ["kind", "origin"],
    }),
    events: Type.Array(DomainEventSchema),
  },
  { description: "One accepted command and what came of it" },
);

const EventListSchema: SchemaOf<EventList> = Type.Object({
  next: revision("Give it as `after` to read on"),
  entries: Type.Array(EntrySchema, { description: "Oldest first" }),
});

const EventQuerySchema: SchemaOf<EventQuery> = Type.Object(
  {
    after: Type.Optional(
      revision("Only entries after this revision; without it a list has the latest, a stream what comes"),
    ),
    limit: Type.Integer({
      minimum: 1,
      maximum: LIMIT_MAX,
      default: LIMIT_DEFAULT,
      description: "Most entries of a list",
    }),
  },
  { additionalProperties: false },
);

/** Adds the route of events; the streams end with the API. */
export function eventRoutes(api: Api, backend: Backend): void {
  const streams = new Set<EventStream>();
  api.addHook("preClose", async () => {
    for (const stream of streams) stream.close();
  });
  api.get(
    "/v1/events",
    {
      config: { role: "viewer" },
      schema: {
        operationId: "listEvents",
        tags: ["events"],
        summary: "What has happened: the journal",
        description:
          "With `Accept: text/event-stream` it is a stream of server-sent events, each an entry with its revision as id; " +
          "`Last-Event-ID` resumes it without a gap.",
        querystring: EventQuerySchema,
        response: responses(EventListSchema),
      },
    },
    async (request, reply) => {
      if (!request.headers.accept?.includes("text/event-stream")) return list(backend, request.query);
      if (streams.size >= STREAMS_MAX) throw new FaultError(tooManyStreams());
      const after = resumeAfter(request.headers["last-event-id"], request.query.after);
      const stream = new EventStream(reply.raw, {
        operations: backend.operations,
        clock: backend.clock,
        after: after ?? backend.operations.domain().revision,
      });
      streams.add(stream);
      reply.hijack();
      await stream.run().catch((error: unknown) => {
        backend.log.error({ err: error }, "An event stream ended early");
      });
      streams.delete(stream);
      return reply;
    },
  );
}

async function list(backend: Backend, { after, limit }: EventQuery): Promise<EventList> {
  const latest = Math.max(0, backend.operations.domain().revision - limit);
  const from = (after ?? latest) as Revision;
  const entries = await backend.operations.events({ after: from, limit });
  return { next: entries.at(-1)?.revision ?? from, entries };
}

function resumeAfter(
  lastEventId: string | string[] | undefined,
  after: Revision | undefined,
): Revision | undefined {
  if (lastEventId === undefined) return after;
  if (typeof lastEventId === "string" && /^\d{1,15}$/.test(lastEventId))
    return Number(lastEventId) as Revision;
  throw new FaultError(fault("BAD_REQUEST", `Last-Event-ID "${lastEventId}" is no revision`));
}

function tooManyStreams(): ReturnType<typeof fault> {
  return fault("LIMIT_REACHED", `Cannot open another event stream: ${STREAMS_MAX} are open`, {
    hint: "Close one, or read /v1/events as a list with `after`",
  });
}
