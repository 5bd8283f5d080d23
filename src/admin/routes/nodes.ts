// /v1/nodes: the modes of whole machines.

import { FaultError, fault } from "../../base/fault.ts";
import { hintFor } from "../../base/nearest.ts";
import type { NodeName } from "../../domain/names.ts";
import type { Api, Backend } from "../api.ts";
import { changeMode, MODE_BODY_BYTES_MAX, ModeChangeSchema, ModeResultsSchema } from "../change-mode.ts";
import { nameParams, responses } from "../schema.ts";

/** Adds the routes of nodes. */
export function nodeRoutes(api: Api, backend: Backend): void {
  api.put(
    "/v1/nodes/:name/mode",
    {
      bodyLimit: MODE_BODY_BYTES_MAX,
      config: { role: "operator" },
      schema: {
        operationId: "setNodeMode",
        tags: ["modes"],
        summary: "Set the mode of a node",
        description:
          "A server's effective mode is the stricter of its own and its node's. " +
          "Answers when every live router has applied it, or says which has not (`NOT_APPLIED`).",
        params: nameParams("Name of the node"),
        body: ModeChangeSchema,
        response: responses(ModeResultsSchema, "NODE_UNKNOWN", "NOT_APPLIED", "JOURNAL_FULL"),
      },
    },
    (request) => {
      const name = request.params.name as NodeName;
      const { nodes } = backend.operations.domain();
      if (!nodes.has(name)) {
        const hint = hintFor("NODE_UNKNOWN", name, [...nodes.keys()]);
        throw new FaultError(fault("NODE_UNKNOWN", `There is no node "${name}"`, hint));
      }
      return changeMode(backend, request, { kind: "node", name }, request.body);
    },
  );
}
