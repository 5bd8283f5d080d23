// fast-proxy with its undici client; requests go to both upstreams in turn.

import { createServer } from "node:http";
import fastProxy from "fast-proxy";

const [port, ...upstreamPorts] = process.argv.slice(2).map(Number);
const proxies = upstreamPorts.map((upstream) =>
  fastProxy({
    base: `http://127.0.0.1:${upstream}`,
    undici: { connections: 256, pipelining: 1, keepAliveTimeout: 600_000 },
  }),
);
let turn = 0;

const server = createServer((request, response) => {
  turn = (turn + 1) % proxies.length;
  proxies[turn].proxy(request, response, request.url, {});
});
server.keepAliveTimeout = 600_000;
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
