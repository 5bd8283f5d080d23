// http-proxy as its README shows it, requests go to both upstreams in turn. With a keep-alive agent of Node, or with
// --no-agent as it is without one: then every request has an upstream connection of its own.

import { Agent, createServer } from "node:http";
import httpProxy from "http-proxy";

const words = process.argv.slice(2);
const hasAgent = words[0] !== "--no-agent";
const [port, ...upstreamPorts] = words.slice(hasAgent ? 0 : 1).map(Number);
const targets = upstreamPorts.map((upstream) => ({ host: "127.0.0.1", port: upstream }));
const agent = hasAgent ? new Agent({ keepAlive: true, maxSockets: 1024, maxFreeSockets: 1024 }) : undefined;
const proxy = httpProxy.createProxyServer({ agent, xfwd: true });
let turn = 0;

function nextTarget() {
  turn = (turn + 1) % targets.length;
  return targets[turn];
}

proxy.on("error", (error, _request, response) => {
  console.error(error.message);
  if ("writeHead" in response && !response.headersSent) response.writeHead(502);
  response.end();
});

const server = createServer((request, response) => proxy.web(request, response, { target: nextTarget() }));
server.on("upgrade", (request, socket, head) => proxy.ws(request, socket, head, { target: nextTarget() }));
server.keepAliveTimeout = 600_000;
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
