// @fastify/http-proxy with its undici client; requests go to both upstreams in turn.

import fastifyHttpProxy from "@fastify/http-proxy";
import fastify from "fastify";

const [port, ...upstreamPorts] = process.argv.slice(2).map(Number);
const upstreams = upstreamPorts.map((upstream) => `http://127.0.0.1:${upstream}`);
let turn = 0;

const server = fastify({ logger: false, keepAliveTimeout: 600_000, bodyLimit: 67_108_864 });
server.register(fastifyHttpProxy, {
  upstream: "",
  websocket: true,
  wsUpstream: upstreams[0].replace("http", "ws"),
  undici: { connections: 256, pipelining: 1, keepAliveTimeout: 600_000 },
  replyOptions: {
    getUpstream() {
      turn = (turn + 1) % upstreams.length;
      return upstreams[turn];
    },
  },
});
await server.listen({ port, host: "127.0.0.1", backlog: 4096 });
