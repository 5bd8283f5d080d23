// The commands' client of the admin API. On `node:http`, though undici makes the other calls of Tidegate: loading undici
// takes 150 ms of processor time and this 8 ms, and a command that starts at once is worth more here than undici's speed.

import { readFileSync } from "node:fs";
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import type { Problem } from "../admin/problem.ts";
import { type Fault, FaultError, fault } from "../base/fault.ts";
import type { Cli, ClientOptions } from "./cli.ts";
import { type AdminAddress, adminAddresses, adminAddressText } from "./locate.ts";

/** Changes wait for disk and routers, so that an answer may take a while. */
const SILENCE_MS_MAX = 120_000;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
/** Nobody listens there; the request was not sent. */
const NOBODY_THERE = new Set(["ECONNREFUSED", "ENOENT"]);

/** A failure that the admin API told; `result` is how far a change came that not everybody has applied. */
export class ProblemError extends FaultError {
  readonly problem: Problem;

  constructor(problem: Problem) {
    const { code, detail: message, hint, details } = problem;
    super({ code, message, hint, ...(details === undefined ? {} : { details }) });
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** What is sent. */
export interface Call {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One command's client; it finds the admin API with its first call and stays with it. */
export class AdminClient {
  readonly #cli: Cli;
  readonly #options: ClientOptions;
  #address: AdminAddress | undefined;

  constructor(cli: Cli, options: ClientOptions) {
    this.#cli = cli;
    this.#options = options;
  }

  /** Gets a resource. Throws a `ProblemError`, or a `FaultError` with `ADMIN_UNREACHABLE`. */
  get<Resource>(path: string): Promise<Resource> {
    return this.call({ method: "GET", path });
  }

  /** Makes a call and gives back the resource; throws as `get` does. */
  async call<Resource>(call: Call): Promise<Resource> {
    const response = await this.open(call);
    const body = parseJson(await textOf(response));
    if (body === undefined) throw strange(this.#named(), "its answer is no JSON");
    return body as Resource; // both ends are of one build; the API's own tests hold answers against its schemas
  }

  /** Makes a call and gives back the response once its head says 200; the caller reads the body. */
  async open(call: Call): Promise<IncomingMessage> {
    const response = await this.#send(call);
    if (response.statusCode === 200) return response;
    const problem = parseJson(await textOf(response));
    if (isProblem(problem)) throw new ProblemError(problem);
    throw strange(this.#named(), `it answered ${response.statusCode}`);
  }

  async #send(call: Call): Promise<IncomingMessage> {
    if (this.#address !== undefined) return this.#sendTo(this.#address, call);
    const tried: string[] = [];
    let last: unknown;
    for await (const address of adminAddresses(this.#cli, this.#options)) {
      try {
        const response = await this.#sendTo(address, call);
        this.#address = address;
        return response;
      } catch (error) {
        if (!(error instanceof FaultError) || error.fault.code !== "ADMIN_UNREACHABLE") throw error;
        if (!isNobodyThere(error.fault.cause)) throw error;
        tried.push(adminAddressText(address));
        last = error.fault.cause;
      }
    }
    throw unreachable(tried.join(" or "), last);
  }

  #sendTo(address: AdminAddress, call: Call): Promise<IncomingMessage> {
    const text = call.body === undefined ? undefined : JSON.stringify(call.body);
    const headers: Record<string, string> = { ...call.headers, ...this.#authorization() };
    if (text !== undefined) {
      headers["content-type"] = "application/json";
      headers["content-length"] = String(Buffer.byteLength(text));
    }
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(unreachable(adminAddressText(address), error));
      const { method, path } = call;
      const options = { method, headers, timeout: SILENCE_MS_MAX, ...destination(address, path) };
      const send = (request: typeof requestHttp): void => {
        const sent = request(options, resolve);
        sent.on("timeout", () => sent.destroy(new Error("it does not answer")));
        sent.on("error", fail);
        sent.end(text);
      };
      if (address.kind === "unix" || address.url.protocol === "http:") send(requestHttp);
      else import("node:https").then(({ request }) => send(request)).catch(fail);
    });
  }

  #authorization(): Record<string, string> {
    const { tokenFile } = this.#options;
    const token = tokenFile === undefined ? this.#cli.variable("TIDEGATE_TOKEN") : tokenIn(tokenFile);
    return token === undefined ? {} : { authorization: `Bearer ${token.trim()}` };
  }

  #named(): string {
    return this.#address === undefined ? "the admin API" : adminAddressText(this.#address);
  }
}

function destination(address: AdminAddress, path: string): RequestOptions {
  if (address.kind === "unix") return { socketPath: address.path, path };
  const { url } = address;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { host, port: url.port, path: url.pathname.replace(/\/$/, "") + path };
}

/** The token of a file: its first line that is no comment; of a line of the tokens file itself, the last word. */
function tokenIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const { code, message: why } = cause as NodeJS.ErrnoException;
    const message = `Cannot read the token file "${file}": ${code === "ENOENT" ? "it is not there" : why}`;
    throw new FaultError(fault("FILE_UNREADABLE", message, { cause }));
  }
  const lines = text.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim());
  const token = lines
    .find((line) => line !== "")
    ?.split(/\s+/)
    .at(-1);
  if (token !== undefined) return token;
  throw new FaultError(fault("FILE_UNREADABLE", `There is no token in "${file}"`));
}

/** Reads a body whole. Fault: `ADMIN_UNREACHABLE` when it breaks off or does not end. */
async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) throw new Error("its answer is too long");
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable("the admin API", error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === "object" && value !== null && "code" in value && "detail" in value && "hint" in value
  );
}

function isNobodyThere(error: unknown): boolean {
  return NOBODY_THERE.has((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}

function unreachable(where: string, cause: unknown): FaultError {
  const { code, message } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  const why = isNobodyThere(cause)
    ? "nobody listens there"
    : code === "EACCES"
      ? "it belongs to another user"
      : message;
  return new FaultError(fault("ADMIN_UNREACHABLE", `Cannot reach Tidegate at ${where}: ${why}`, { cause }));
}

function strange(where: string, what: string): FaultError {
  const problem: Fault = fault("ADMIN_UNREACHABLE", `Cannot understand ${where}: ${what}`, {
    hint: "Is it Tidegate's admin API? Name it with --admin URL",
  });
  return new FaultError(problem);
}
