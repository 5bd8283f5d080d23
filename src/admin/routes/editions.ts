// /v1/applications/{id}/distribute, start, redeploy and undeploy: the operator's verbs for editions (SPEC §6).

import type { FastifyRequest } from "fastify";
import { type FaultCode, FaultError, fault } from "../../base/fault.ts";
import { type Result, unwrap } from "../../base/result.ts";
import type { StartWish, Submitted } from "../../control/operations.ts";
import type { Origin } from "../../domain/command.ts";
import type { Target } from "../../domain/edition.ts";
import type { EditionChoice } from "../../domain/lifecycle.ts";
import type { ApplicationId, EditionLabel } from "../../domain/names.ts";
import { readTargets } from "../../settings/read-targets.ts";
import { type Api, appliedOrThrow, type Backend, originOf } from "../api.ts";
import {
  DistributeSchema,
  RedeploySchema,
  type StartRequest,
  StartSchema,
  TARGETS_BYTES_MAX,
  type UndeployRequest,
  UndeploySchema,
  type WrittenTarget,
} from "../edition-requests.ts";
import { idParams, responses } from "../schema.ts";
import { SubmittedSchema } from "../submitted.ts";
import { applicationNamed } from "./applications.ts";

const ALL_VERBS: readonly FaultCode[] = [
  "APPLICATION_UNKNOWN",
  "EDITION_UNKNOWN",
  "EDITION_STATE",
  "NOT_APPLIED",
  "JOURNAL_FULL",
];
const DISTRIBUTES: readonly FaultCode[] = [
  ...ALL_VERBS,
  "BROKEN_REFERENCE",
  "ROUTE_TAKEN",
  "CLUSTER_MEMBER_TARGETED",
];

/** Adds the verbs of editions. Each answers when every live router has applied it, or says which has not. */
export function editionRoutes(api: Api, backend: Backend): void {
  addDistribute(api, backend);
  addStart(api, backend);
  addRedeploy(api, backend);
  addUndeploy(api, backend);
}

function addDistribute(api: Api, backend: Backend): void {
  api.post(
    "/v1/applications/:id/distribute",
    {
      bodyLimit: TARGETS_BYTES_MAX,
      config: { role: "operator" },
      schema: {
        operationId: "distributeEdition",
        tags: ["editions"],
        summary: "Put an edition beside the others: it is there, and served to nobody",
        params: idParams(),
        body: DistributeSchema,
        response: responses(SubmittedSchema, ...DISTRIBUTES),
      },
    },
    async (request) => {
      const { edition, targets, reason } = request.body;
      const asked = askedOf(backend, request, reason);
      const command = { kind: "distribute-edition", ...asked, label: edition as EditionLabel } as const;
      return settled(await backend.operations.submit({ ...command, ...targetsOf(targets) }));
    },
  );
}

function addStart(api: Api, backend: Backend): void {
  api.post(
    "/v1/applications/:id/start",
    {
      config: { role: "operator" },
      schema: {
        operationId: "startEdition",
        tags: ["editions"],
        summary: "Open an edition to new users; the one that had them retires at the same revision",
        params: idParams(),
        body: StartSchema,
        response: responses(SubmittedSchema, ...ALL_VERBS, "EDITION_NOT_READY"),
      },
    },
    async (request) =>
      settled(await backend.operations.startEdition(startOf(backend, request, request.body))),
  );
}

function addRedeploy(api: Api, backend: Backend): void {
  api.post(
    "/v1/applications/:id/redeploy",
    {
      bodyLimit: TARGETS_BYTES_MAX,
      config: { role: "operator" },
      schema: {
        operationId: "redeployEdition",
        tags: ["editions"],
        summary: "Distribute an edition, unless it is there already, and start it",
        description: "When the start is refused, the edition stays distributed, and the problem says so.",
        params: idParams(),
        body: RedeploySchema,
        response: responses(SubmittedSchema, ...DISTRIBUTES, "EDITION_NOT_READY"),
      },
    },
    async (request) => {
      const { body } = request;
      const label = body.edition as EditionLabel; // its schema has the pattern of names
      const wish = { ...startOf(backend, request, body), label, ...targetsOf(body.targets) };
      return settled(await backend.operations.redeployEdition(wish));
    },
  );
}

function addUndeploy(api: Api, backend: Backend): void {
  api.post(
    "/v1/applications/:id/undeploy",
    {
      config: { role: "operator" },
      schema: {
        operationId: "undeployEdition",
        tags: ["editions"],
        summary: "Take editions out of service, or roll back",
        description:
          "`new` while the edition before is still there is a rollback: that one runs again at the same revision.",
        params: idParams(),
        body: UndeploySchema,
        response: responses(SubmittedSchema, ...ALL_VERBS, "EDITION_CHOICE"),
      },
    },
    async (request) => {
      const { toSeconds, force = false, reason } = request.body;
      const submitted = await backend.operations.submit({
        kind: "undeploy-edition",
        ...askedOf(backend, request, reason),
        choice: choiceOf(request.body),
        ...drainOf(toSeconds),
        isForced: force,
      });
      return settled(submitted);
    },
  );
}

function askedOf(
  backend: Backend,
  request: FastifyRequest & { readonly params: { readonly id: string } },
  reason: string | undefined,
): { readonly origin: Origin; readonly application: ApplicationId } {
  const { id } = applicationNamed(backend, request.params.id);
  return { origin: originOf(request, reason), application: id as ApplicationId };
}

function startOf(
  backend: Backend,
  request: Parameters<typeof askedOf>[1],
  { edition, toSeconds, force = false, reason }: StartRequest,
): StartWish {
  return {
    ...askedOf(backend, request, reason),
    ...(edition === undefined ? {} : { label: edition as EditionLabel }),
    ...drainOf(toSeconds),
    isForced: force,
  };
}

function drainOf(toSeconds: number | undefined): { readonly drainMs?: number } {
  return toSeconds === undefined ? {} : { drainMs: Math.round(toSeconds * 1000) };
}

function targetsOf(written: readonly WrittenTarget[] | undefined): { readonly targets?: readonly Target[] } {
  return written === undefined ? {} : { targets: unwrap(readTargets(written)) };
}

/** An edition that is named is the one that is meant; named beside another choice, one of the two is a mistake. */
function choiceOf({ choice, edition }: UndeployRequest): EditionChoice {
  const kind = choice ?? (edition === undefined ? "only" : "edition");
  if ((kind === "edition") !== (edition !== undefined)) {
    const what = edition === undefined ? "no edition is named" : `edition "${edition}" is named too`;
    throw new FaultError(fault("BAD_REQUEST", `Cannot undeploy with choice "${kind}": ${what}`));
  }
  return kind === "edition" ? { kind, label: edition as EditionLabel } : { kind };
}

function settled(submitted: Result<Submitted>): Submitted {
  const { applied, ...rest } = unwrap(submitted);
  return appliedOrThrow(applied, { ...rest, applied });
}
