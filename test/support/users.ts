// Users with sessions: they log in, ask, pause, order something, and log out, and check every answer. A session's counter
// goes on without gaps, on its server, unless the test has closed or killed that server.

import { type Random, randomBelow } from "../../src/base/random.ts";
import type { AppAnswer } from "./app-server.ts";
import { type Answer, UserClient } from "./user-client.ts";
import { type Company, isAnswered } from "./verdict.ts";

const PAUSE_MS_MAX = 150;
const REQUESTS_MAX = 25;
const LOGOUT_TRIES = 10;

/** What a user knows of the session. */
interface Known {
  readonly cookie: string;
  readonly session: string;
  readonly server: string;
  readonly pid: number;
  /** Counts of the next answer that are right: two when an answer was lost. */
  readonly least: number;
  readonly most: number;
}

/** Runs until the company is over; the user ends between two requests, logged out. */
export async function runSessionUser(company: Company, name: string, random: Random): Promise<void> {
  let client = new UserClient(company.site.port);
  for (let life = 1; !company.isOver; life += 1) {
    const user = new SessionUser(company, client, `${name}.${life}`);
    for (let left = 1 + randomBelow(random, REQUESTS_MAX); left > 0 && !company.isOver; left -= 1) {
      if (random.next() < 0.2) await user.order();
      else await user.look();
      await pause(random);
    }
    await user.logOut();
    if (random.next() < 0.5) {
      client.close();
      client = new UserClient(company.site.port);
    }
  }
  client.close();
}

/** Asks for pages without a session. */
export async function runStatelessUser(company: Company, name: string, random: Random): Promise<void> {
  const client = new UserClient(company.site.port);
  const { timeline } = company.site;
  while (!company.isOver) {
    const outcome = await client.ask({ path: "/app/plain" });
    if (isAnswered(company, outcome, { who: name, isIdempotent: true })) {
      const { server } = read(outcome);
      const { startedAt, endedAt } = outcome;
      if (timeline.surelyWas(server, ["affinity", "break", "stop"], startedAt, endedAt))
        company.verdict.blame(`${name} was answered by ${server}, which takes nobody new`);
      company.verdict.count("stateless");
    }
    await pause(random);
  }
  client.close();
}

/** Think time of a user. */
export function pause(random: Random): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, randomBelow(random, PAUSE_MS_MAX)));
}

class SessionUser {
  readonly #company: Company;
  readonly #client: UserClient;
  readonly #name: string;
  #known: Known | null = null;
  #orders = 0;

  constructor(company: Company, client: UserClient, name: string) {
    this.#company = company;
    this.#client = client;
    this.#name = name;
  }

  /** A request that may be repeated. */
  async look(): Promise<void> {
    await this.#ask("GET", "/app/session");
  }

  /** A request that is to be executed once. */
  async order(): Promise<void> {
    this.#orders += 1;
    const id = `${this.#name}.${this.#orders}`;
    const isDone = await this.#ask("POST", `/app/session?id=${id}`);
    this.#company.verdict.ordered(id, isDone ? "answered" : "told");
  }

  /** Ends the session; tries again when that was told to have failed. */
  async logOut(): Promise<void> {
    const known = this.#known;
    for (let tries = LOGOUT_TRIES; known !== null && tries > 0; tries -= 1) {
      const outcome = await this.#client.ask({
        ...{ method: "POST", path: "/app/logout", headers: { cookie: known.cookie } },
      });
      if (!isAnswered(this.#company, outcome, { who: this.#name, isIdempotent: false, home: known }))
        continue;
      this.#company.verdict.count("logouts");
      break;
    }
    this.#known = null;
  }

  async #ask(method: "GET" | "POST", path: string): Promise<boolean> {
    const known = this.#known;
    const headers: Record<string, string> = known === null ? {} : { cookie: known.cookie };
    const outcome = await this.#client.ask({ method, path, headers });
    const expected = { who: `${this.#name} (${method})`, isIdempotent: method === "GET" };
    if (!isAnswered(this.#company, outcome, known === null ? expected : { ...expected, home: known })) {
      // It may have been executed, or not.
      if (known !== null) this.#known = { ...known, most: known.most + 1 };
      else this.#company.verdict.count("births lost");
      return false;
    }
    this.#check(outcome, known);
    return true;
  }

  #check(answer: Answer, known: Known | null): void {
    const told = read(answer);
    const { startedAt, endedAt } = answer;
    const { verdict, site } = this.#company;
    if (site.timeline.surelyWas(told.server, ["break", "stop"], startedAt, endedAt))
      this.#blame(`was answered by ${told.server}, which is closed`);
    if (known !== null && told.session === known.session) this.#checkKept(told, known);
    else {
      if (known !== null) this.#checkMove(answer, known);
      if (site.timeline.surelyWas(told.server, ["affinity"], startedAt, endedAt))
        this.#blame(`began a session on ${told.server}, which takes nobody new`);
      if (!told.isNew || told.counter !== 1)
        this.#blame(`got somebody else's session: ${JSON.stringify(told)}`);
      verdict.count("births");
    }
    const cookie = withCookies(known?.cookie ?? "", answer);
    const { session, server, pid, counter } = told;
    this.#known = { cookie, session, server, pid, least: counter + 1, most: counter + 1 };
  }

  #checkKept(told: AppAnswer, known: Known): void {
    this.#company.verdict.count("kept");
    if (told.pid !== known.pid || told.server !== known.server)
      this.#blame(`has its session on another server: ${JSON.stringify(told)}`);
    if (told.counter < known.least || told.counter > known.most)
      this.#blame(`counted ${told.counter} instead of ${known.least} to ${known.most} on ${told.server}`);
  }

  #checkMove({ startedAt, endedAt }: Answer, known: Known): void {
    const { timeline } = this.#company.site;
    this.#company.verdict.count("moves");
    const isClosed = timeline.couldBe(known.server, ["break", "stop"], startedAt, endedAt);
    if (!isClosed && !timeline.hasDied(known.pid, endedAt))
      this.#blame(`lost its session on ${known.server} without need, at ${Math.round(endedAt)}`);
  }

  #blame(what: string): void {
    this.#company.verdict.blame(`${this.#name} ${what}`);
  }
}

/** The application's answer. */
export function read(answer: Answer): AppAnswer & { readonly digest?: string } {
  return JSON.parse(answer.body.toString()) as AppAnswer & { readonly digest?: string };
}

/** A Cookie field after an answer's cookies, as a browser keeps it. */
function withCookies(cookie: string, answer: Answer): string {
  const jar = new Map(
    cookie.split("; ").flatMap((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [] : [[pair.slice(0, at), pair] as const];
    }),
  );
  for (const line of answer.headers["set-cookie"] ?? []) {
    const [pair = ""] = line.split(";");
    const name = pair.slice(0, pair.indexOf("="));
    if (/; *max-age=0/i.test(line)) jar.delete(name);
    else jar.set(name, pair);
  }
  return [...jar.values()].join("; ");
}

/** The session cookie that an answer sets. */
export function cookieOf(answer: Answer): string | undefined {
  return answer.headers["set-cookie"]?.find((line) => line.startsWith("SID="))?.split(";")[0];
}
