// What is measured. Each case is one kind of work; which peers take part is said with it.

import type { Work } from "./load/messages.ts";
import { BODY_BYTES } from "./load/upstream.ts";

/** How many keep-alive connections or WebSockets work at once. */
export const CONNECTIONS = 64;

/** Idle connections that are weighed, after a first part that warms code and pools and is not counted. */
export const IDLE_CONNECTIONS = 4_000;
export const IDLE_WARM_CONNECTIONS = 1_000;

interface Named {
  readonly name: string;
  readonly about: string;
}

export type Case =
  | (Named & {
      readonly kind: "load";
      readonly work: Work;
      /** Names of those that take part. */
      readonly who: "everybody" | readonly string[];
      /** Every other one is compared with this one. */
      readonly base: string;
      /** Modes are flipped every second meanwhile. */
      readonly flips: boolean;
    })
  | (Named & { readonly kind: "idle" });

function http(target: string, more: Partial<Extract<Work, { readonly kind: "http" }>> = {}): Work {
  return {
    kind: "http",
    method: "GET",
    path: target,
    head: "browser",
    uploadBytes: 0,
    responseBytes: BODY_BYTES[target] ?? 0,
    ...more,
  };
}

const forAll = { kind: "load", who: "everybody", base: "tidegate", flips: false } as const;

export const CASES: readonly Case[] = [
  {
    ...forAll,
    name: "small",
    about: "GET, 200 bytes, a head of two lines, no session",
    work: http("/plain", { head: "short" }),
  },
  {
    ...forAll,
    name: "browser",
    about: "GET, 200 bytes, a browser's head of about 900 bytes with the session cookie",
    work: http("/small"),
  },
  { ...forAll, name: "16k", about: "GET, 16 KB, browser's head", work: http("/16k") },
  { ...forAll, name: "1m", about: "GET, 1 MB, browser's head", work: http("/1m") },
  {
    ...forAll,
    name: "post",
    about: "POST of 16 KB, browser's head",
    work: http("/post", { method: "POST", uploadBytes: 16_384 }),
  },
  {
    ...forAll,
    name: "web-socket",
    about: "WebSocket echo of 64 bytes, one message at a time on each",
    work: { kind: "web-socket", payloadBytes: 64 },
  },
  {
    name: "idle",
    kind: "idle",
    about: `memory of an idle keep-alive connection that has made one request, mean of ${IDLE_CONNECTIONS}`,
  },
  {
    ...forAll,
    name: "flips",
    about: "as browser, while the mode of one server after another changes every second; errors must be 0",
    work: http("/small"),
    who: ["tidegate"],
    flips: true,
  },
  {
    ...forAll,
    name: "log",
    about: "as browser, with the access log on (JSON, to a file) and off",
    work: http("/small"),
    who: ["tidegate", "tidegate-log"],
    base: "tidegate-log",
  },
  {
    ...forAll,
    name: "instances",
    about: "as browser, sessions spread over 10,000 and over 10 instances",
    work: http("/small"),
    who: ["tidegate-10", "tidegate-10000"],
    base: "tidegate-10000",
  },
];
