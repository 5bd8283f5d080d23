// A plain TCP splice, no HTTP: the floor of what any proxy on Node's sockets can cost. One upstream connection for each client.

import { connect, createServer, type Socket } from "node:net";

const [port = 0, ...upstreamPorts] = process.argv.slice(2).map(Number);
let turn = 0;

function copy(from: Socket, to: Socket): void {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("close", () => to.destroy());
  from.on("error", () => from.destroy());
}

const server = createServer({ noDelay: true }, (client) => {
  turn = (turn + 1) % upstreamPorts.length;
  const upstream = connect({ port: upstreamPorts[turn] ?? 0, host: "127.0.0.1", noDelay: true });
  copy(client, upstream);
  copy(upstream, client);
});
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
