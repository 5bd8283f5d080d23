// httpxy as its README shows it, with a keep-alive agent; requests go to both upstreams in turn.

import { Agent, createServer } from "node:http";
import { createProxyServer } from "httpxy";

const [port, ...upstreamPorts] = process.argv.slice(2).map(Number);
const targets = upstreamPorts.map((upstream) => `http://127.0.0.1:${upstream}`);
const agent = new Agent({ keepAlive: true, maxSockets: 1024, maxFreeSockets: 1024 });
const proxy = createProxyServer({ agent, xfwd: true });
let turn = 0;

function nextTarget() {
  turn = (turn + 1) % targets.length;
  return targets[turn];
}

function failed(error) {
  console.error(error.message);
}

const server = createServer((request, response) => {
  proxy.web(request, response, { target: nextTarget() }).catch(failed);
});
server.on("upgrade", (request, socket, head) => {
  proxy.ws(request, socket, { target: nextTarget() }, head).catch(failed);
});
proxy.on("error", failed);
server.keepAliveTimeout = 600_000;
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
