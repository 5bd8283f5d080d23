// `explain` (SPEC R6): what a request would get and why, one sentence a step, without sending it. It reads the request with
// the same functions as `decide`, and neither claims, touches nor uses up a turn.

import { parseRequestHead } from "../http1/parse-request.ts";
import { RequestHead } from "../http1/request-head.ts";
import { BAD_COOKIES, type ClientPoint, Decision } from "./decision.ts";
import { choiceOf, instanceName, whyLeftOut } from "./explain-choice.ts";
import type { RoutedApplication, RoutedEdition, RoutedInstance } from "./routed.ts";
import { BAD } from "./site-map.ts";
import { NO_BUCKET, TIE_ABSENT, TIE_KNOWN, type Tie } from "./tie.ts";
import type { WorkerRouter } from "./worker-router.ts";

/** A request that is not sent. */
export interface ExplainRequest {
  readonly method: string;
  /** `http://host/path`, `https://…`, or a path (then the Host header says where). */
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly clientAddress: string;
}

/** What the request would get; names are null where deciding does not come so far. */
export interface Explanation {
  virtualHost: string | null;
  application: string | null;
  contextRoot: string | null;
  /** `none`, `new`, `kept`, `failed-over`, `moved` or `invalid`. */
  affinity: string;
  edition: string | null;
  server: string | null;
  address: string | null;
  /** The status that the router itself would answer; null when it forwards. */
  ownStatus: number | null;
  steps: string[];
}

const HEAD_BYTES_MAX = 65_536;

/** Explains a request by the router's current table and marks. */
export function explain(router: WorkerRouter, question: ExplainRequest): Explanation {
  const answer: Explanation = {
    virtualHost: null,
    application: null,
    contextRoot: null,
    affinity: "none",
    edition: null,
    server: null,
    address: null,
    ownStatus: null,
    steps: [],
  };
  const { text, host, isSecure } = headOf(question);
  const bytes = Buffer.from(text, "latin1");
  const head = new RequestHead();
  const end = parseRequestHead(head, bytes, 0, bytes.length, HEAD_BYTES_MAX);
  if (end <= 0 || end !== bytes.length) {
    return refused(
      answer,
      end < 0 ? -end : 400,
      `The request itself is refused: ${head.refusal || "it is not one request"}`,
    );
  }
  const { clientAddress } = question;
  const client = { virtualHost: "", port: isSecure ? 443 : 80, clientAddress, isSecure, isPreview: false };
  const application = matchStep(router, answer, head, client, host);
  if (application !== null) affinityStep(router, answer, head, client, application);
  return answer;
}

/** The request head of the question as a browser would write it. */
function headOf(question: ExplainRequest): {
  readonly text: string;
  readonly host: string;
  readonly isSecure: boolean;
} {
  const url = /^(https?):\/\/([^/?#]*)([^#]*)/i.exec(question.url);
  const rest = (url?.[3] ?? question.url.split("#", 1)[0] ?? "") || "/";
  const target = rest.startsWith("?") ? `/${rest}` : rest;
  const given = question.headers.find(([name]) => name.toLowerCase() === "host")?.[1];
  const host = given ?? url?.[2] ?? "";
  const others = question.headers.filter(([name]) => name.toLowerCase() !== "host");
  const lines = [`Host: ${host}`, ...others.map(([name, value]) => `${name}: ${value}`)];
  return {
    text: `${question.method} ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`,
    host,
    isSecure: url?.[1]?.toLowerCase() === "https",
  };
}

function refused(answer: Explanation, status: number, step: string): Explanation {
  answer.ownStatus = status;
  answer.steps.push(step);
  return answer;
}

function matchStep(
  router: WorkerRouter,
  answer: Explanation,
  head: RequestHead,
  client: ClientPoint,
  host: string,
): RoutedApplication | null {
  const { sites, list } = router.compiled;
  const site = sites.findSite(head, client.virtualHost, client.port);
  if (site === null) {
    refused(answer, 404, `No virtual host has the host "${host}" on port ${client.port}: the answer is 404`);
    return null;
  }
  answer.virtualHost = site.name;
  answer.steps.push(`Host "${host}" belongs to virtual host "${site.name}"`);
  const path = head.bytes.toString("latin1", head.pathStart, head.pathEnd);
  const target = sites.findTarget(head, site);
  if (target === BAD) {
    refused(answer, 400, `Path "${path}" cannot be decoded without doubt: the answer is 400`);
    return null;
  }
  const application = target === null ? undefined : list[target.application];
  if (target === null || application === undefined) {
    refused(
      answer,
      404,
      `No application of virtual host "${site.name}" has the path "${path}": the answer is 404`,
    );
    return null;
  }
  answer.application = application.entry.id;
  answer.contextRoot = target.pattern;
  answer.steps.push(`Path "${path}" matches "${target.pattern}" of application "${application.entry.id}"`);
  return application;
}

function affinityStep(
  router: WorkerRouter,
  answer: Explanation,
  head: RequestHead,
  client: ClientPoint,
  application: RoutedApplication,
): void {
  const decision = new Decision();
  const tie = router.readTie(head, client, application, decision);
  if (decision.outcome === BAD_COOKIES) {
    refused(
      answer,
      400,
      "It carries more of the router's own cookies than any honest client sends: the answer is 400",
    );
    return;
  }
  const { style } = application.entry.affinity;
  if (tie.kind === TIE_KNOWN) {
    tiedStep(router, answer, application, tie);
    return;
  }
  if (tie.bucket !== NO_BUCKET) {
    answer.affinity = "kept";
    answer.steps.push(`Affinity style ${style}: the same input always leads to the same server that is up`);
  } else if (tie.kind === TIE_ABSENT) {
    answer.affinity = application.affinity.isSticky ? "new" : "none";
    answer.steps.push(absentStep(application));
  } else {
    answer.affinity = "invalid";
    const why =
      tie.edition === null
        ? "leads to no server of this application"
        : `is over, and edition "${tie.edition.entry.label}" retires and gets no new ones`;
    answer.steps.push(`Affinity style ${style}: its session ${why}, so it counts as a new user's`);
  }
  const { running } = application;
  if (running === null) {
    const states = application.editions.map(
      (edition) => `"${edition.entry.label}" is ${edition.entry.state}`,
    );
    refused(
      answer,
      503,
      `No edition is running (${states.join(", ") || "there is none"}): the answer is 503`,
    );
    return;
  }
  answer.steps.push(`New users go to the running edition "${running.entry.label}"`);
  chooseStep(router, answer, running, tie.bucket);
}

function absentStep(application: RoutedApplication): string {
  const { affinity } = application.entry;
  const cookie = affinity.style === "insert" ? affinity.routerCookie : affinity.cookie;
  if (!application.affinity.isSticky)
    return "Affinity style none: every request goes where the balancer says";
  return `Affinity style ${affinity.style}: it has no session${cookie === undefined ? "" : ` (no cookie "${cookie}" that counts)`}, so it is a new user`;
}

/** A request whose session is known: its own server, else another one of the edition, else as the application says. */
function tiedStep(router: WorkerRouter, answer: Explanation, application: RoutedApplication, tie: Tie): void {
  const { style } = application.entry.affinity;
  const { first, usable, edition } = tie;
  if (first !== null) {
    answer.steps.push(
      `Affinity style ${style}: its session belongs to ${instanceName(first)}, edition "${first.edition.entry.label}" (${first.edition.entry.state})`,
    );
    if (usable !== first)
      answer.steps.push(`${instanceName(first)} is left out: ${whyLeftOut(first, router.nowMs)}`);
  } else if (edition !== null && !application.affinity.isSticky) {
    answer.steps.push(
      `Affinity style ${style}: its session belongs to edition "${edition.entry.label}" (${edition.entry.state}), any server of which may take it`,
    );
  } else {
    answer.steps.push(`Affinity style ${style}: its session belongs to a server that is gone`);
  }
  if (edition?.entry.state === "retiring")
    answer.steps.push(`Edition "${edition.entry.label}" retires: it keeps its sessions and gets no new ones`);
  if (usable !== null) {
    answer.affinity = tie.isSecondChoice ? "failed-over" : "kept";
    forwardStep(answer, usable, whyUsable(usable, tie));
    return;
  }
  if (edition?.pool?.isOpen === true) {
    answer.affinity = application.affinity.isSticky ? "failed-over" : "kept";
    if (application.affinity.isSticky)
      answer.steps.push(`Another server of the same edition "${edition.entry.label}" takes it over`);
    chooseStep(router, answer, edition, NO_BUCKET);
    return;
  }
  lostStep(router, answer, application, edition);
}

function whyUsable(usable: RoutedInstance, tie: Tie): string {
  if (usable === tie.first) return "It takes requests with affinity";
  return tie.isSecondChoice
    ? "The next server named takes them"
    : "It has gone over to another server before";
}

function lostStep(
  router: WorkerRouter,
  answer: Explanation,
  application: RoutedApplication,
  edition: RoutedEdition | null,
): void {
  const label = edition === null ? "that edition" : `edition "${edition.entry.label}"`;
  const { running, entry } = application;
  if (running === null || running === edition) {
    refused(
      answer,
      503,
      `No other server of ${label} may take it, and no other edition is running: the answer is 503`,
    );
  } else if (entry.onInstanceLost === "error") {
    refused(answer, 503, `Nothing of ${label} is left, and onInstanceLost is error: the answer is 503`);
  } else {
    answer.affinity = "moved";
    answer.steps.push(
      `Nothing of ${label} is left, and onInstanceLost is move: it goes to the running edition "${running.entry.label}"`,
    );
    chooseStep(router, answer, running, NO_BUCKET);
  }
}

function chooseStep(router: WorkerRouter, answer: Explanation, edition: RoutedEdition, bucket: number): void {
  answer.edition = edition.entry.label;
  const choice = choiceOf(edition, router.nowMs, bucket);
  answer.steps.push(...choice.steps);
  if (choice.instance !== null) forwardStep(answer, choice.instance, choice.why);
  else if (choice.isOpen) answer.steps.push(choice.why);
  else refused(answer, 503, choice.why);
}

function forwardStep(answer: Explanation, instance: RoutedInstance, why: string): void {
  const { entry, edition } = instance;
  answer.edition = edition.entry.label;
  answer.server = entry.server;
  answer.address = entry.address;
  answer.steps.push(`${why}: forwarded to ${instanceName(instance)} at ${entry.address}`);
}
