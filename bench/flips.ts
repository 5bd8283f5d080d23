// Flips the modes of Tidegate's two servers through its admin API, as an operator in a hurry would. One of them is always normal.

import { request } from "undici";
import { serverName } from "./tidegate.ts";

const EVERY_MS = 1_000;
const STEPS = [
  { server: serverName(1), mode: "affinity" },
  { server: serverName(1), mode: "normal" },
  { server: serverName(2), mode: "break" },
  { server: serverName(2), mode: "normal" },
  { server: serverName(1), mode: "break" },
  { server: serverName(1), mode: "normal" },
  { server: serverName(2), mode: "affinity" },
  { server: serverName(2), mode: "normal" },
] as const;

/** A window in which every step is taken. */
export const ALL_FLIPS_MS: number = EVERY_MS * (STEPS.length + 1);

/** Flips from now until `close`, which leaves both servers normal and tells how many changes were made. */
export function startFlips(adminPort: number): { close(): Promise<number> } {
  let made = 0;
  let failure: Error | undefined;
  let turn: Promise<void> = Promise.resolve();
  const flip = async (): Promise<void> => {
    const step = STEPS[made % STEPS.length];
    if (step === undefined || failure !== undefined) return;
    await setMode(adminPort, step);
    made += 1;
  };
  const timer = setInterval(() => {
    turn = turn.then(flip).catch((error: Error) => {
      failure = error;
    });
  }, EVERY_MS);
  return {
    async close() {
      clearInterval(timer);
      await turn;
      if (failure !== undefined) throw failure;
      for (const number of [1, 2]) await setMode(adminPort, { server: serverName(number), mode: "normal" });
      return made;
    },
  };
}

async function setMode(
  adminPort: number,
  wanted: { readonly server: string; readonly mode: string },
): Promise<void> {
  const { statusCode, body } = await request(
    `http://127.0.0.1:${adminPort}/v1/servers/${wanted.server}/mode`,
    {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ mode: wanted.mode, reason: "bench" }),
    },
  );
  const text = await body.text();
  if (statusCode !== 200)
    throw new Error(`Cannot set "${wanted.server}" to "${wanted.mode}": ${statusCode} ${text}`);
}
