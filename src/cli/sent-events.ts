// Reads server-sent events (WHATWG HTML §9.2.6): as much of it as the admin API sends.

import type { IncomingMessage } from "node:http";

const EVENT_LENGTH_MAX = 16 * 1024 * 1024;

/** The data of each event as it comes; ends or throws with the response. Comments and other fields are passed over. */
export async function* sentEvents(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding("utf8");
  let rest = "";
  let data: string[] = [];
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    if (rest.length > EVENT_LENGTH_MAX) throw new Error("An event is too long");
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice("data:".length).replace(/^ /, ""));
      if (line !== "" || data.length === 0) continue;
      yield data.join("\n");
      data = [];
    }
  }
}
