// The demo, `npm start`: installs and builds what is missing, runs a small shop in two editions on two servers and Tidegate
// in front of them, says what to try, and ends everything with Ctrl-C. A server that is killed is started again after a while.

import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DATA = join(ROOT, "var", "demo");
const LOG = join(DATA, "tidegate.log");
const ADMIN = "http://127.0.0.1:9700";
const SHOP = "http://127.0.0.1:8080/shop/";
const PREVIEW = "http://127.0.0.1:9736/shop/";
const SERVERS = [
  { name: "Server01", edition: "1", port: 9081, route: "s1" },
  { name: "Server02", edition: "1", port: 9082, route: "s2" },
  { name: "Server01", edition: "2", port: 9083, route: "s1b" },
  { name: "Server02", edition: "2", port: 9084, route: "s2b" },
];
const PORTS = new Map([
  [8080, "the router"],
  [9736, "the preview listener"],
  [9700, "the admin API"],
  ...SERVERS.map((server) => [server.port, `the shop's ${titleOf(server)}`]),
]);
const READY_MS = 30_000;
/** Long enough to see another server take over. */
const RESTART_MS = 5000;
const STOP_MS = 8000;
/** npm passes Ctrl-C on that the terminal has sent to us as well: two in quick succession are one. */
const SAME_SIGNAL_MS = 1000;

const children = new Map();
let stoppingSince = 0;

/** Starts a child in a process group of its own, so that Ctrl-C reaches it by us alone, and once. */
function launch(name, args, [out, err]) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", out, err],
  });
  children.set(name, child);
  child.on("exit", () => children.delete(name));
  return child;
}

function titleOf({ name, edition }) {
  return `${name}, edition ${edition}`;
}

function startServer(server) {
  const { name, edition, port, route } = server;
  const title = titleOf(server);
  const args = ["dist/demo/shop.js", "--port", port, "--name", name, "--route", route, "--edition", edition];
  const child = launch(title, args.map(String), ["ignore", "inherit"]);
  child.on("exit", (status, signal) => {
    if (stoppingSince > 0) return;
    console.log(
      `${title} died (${signal ?? `status ${status}`}); it is started again in ${RESTART_MS / 1000} s`,
    );
    setTimeout(() => {
      if (stoppingSince > 0) return;
      const { pid } = startServer(server);
      console.log(`${title} is back as process ${pid}`);
    }, RESTART_MS).unref();
  });
  return child;
}

function startTidegate() {
  mkdirSync(DATA, { recursive: true });
  const log = openSync(LOG, "a");
  const child = launch("Tidegate", ["bin/tidegate.mjs", "run", "--config", "demo/tidegate.yaml"], [log, log]);
  closeSync(log);
  child.on("exit", (status, signal) => {
    if (stoppingSince > 0) return;
    fail(`Tidegate ended (${signal ?? `status ${status}`}); the end of its log ${LOG} says:\n\n${logTail()}`);
  });
}

function logTail() {
  return readFileSync(LOG, "utf8").split("\n").slice(-12).join("\n");
}

/** Resolves once the address answers 200; after `READY_MS` everything ends with a message. */
async function waitFor(url, what) {
  const until = performance.now() + READY_MS;
  while (stoppingSince === 0) {
    const status = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    if (performance.now() > until) return fail(`${what} is not ready after ${READY_MS / 1000} s; see ${LOG}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** True when somebody listens there. */
function isTaken(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const answer = (taken) => {
      socket.destroy();
      resolve(taken);
    };
    socket.on("connect", () => answer(true)).on("error", () => answer(false));
    socket.setTimeout(1000, () => answer(true));
  });
}

async function checkPorts() {
  const taken = [];
  for (const [port, use] of PORTS) if (await isTaken(port)) taken.push(`  ${port}, for ${use}`);
  if (taken.length === 0) return;
  console.error(`The demo needs these ports of 127.0.0.1, which another program holds:\n${taken.join("\n")}`);
  console.error(
    "Is the demo running already? `lsof -i :8080` or `ss -ltnp` names the program; end it and try again.",
  );
  process.exit(1);
}

function checkNode() {
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && (minor > 18 || (minor === 18 && patch >= 1)))) return;
  console.error(
    `Tidegate needs Node 20.18.1 or later, and this is ${process.versions.node}: https://nodejs.org`,
  );
  process.exit(1);
}

/** Ends everything: politely first, after `STOP_MS` or a further Ctrl-C at once. */
function stop(status) {
  if (stoppingSince > 0) {
    if (performance.now() - stoppingSince > SAME_SIGNAL_MS) endGroups("SIGKILL");
    return;
  }
  stoppingSince = performance.now();
  process.exitCode = status;
  for (const child of children.values()) child.kill("SIGTERM");
  setTimeout(() => endGroups("SIGKILL"), STOP_MS).unref();
}

function endGroups(signal) {
  for (const child of children.values()) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // it is gone already
    }
  }
}

function fail(message) {
  if (stoppingSince === 0) console.error(message);
  stop(1);
}

async function ask(path) {
  const response = await fetch(`${ADMIN}${path}`).catch(() => undefined);
  return response?.status === 200 ? response.json() : {};
}

/** Modes and editions outlive a restart, which surprises whoever left them behind. */
async function leftFromLastTime() {
  const { servers = [] } = await ask("/v1/servers");
  const lines = servers
    .filter(({ mode }) => mode !== "normal")
    .map(({ name, mode }) => `${name} is still in mode ${mode}: npx tidegate mode ${name} normal`);
  const { editions = [] } = await ask("/v1/applications/shop");
  const running = editions.find(({ state }) => state === "running");
  if (running === undefined)
    lines.push("No edition of the shop is open: npx tidegate redeploy shop --edition 1");
  else if (running.label !== "1") {
    lines.push(
      `Edition ${running.label} has the users still: npx tidegate redeploy shop --edition 1 starts over`,
    );
  }
  return lines;
}

function printWelcome(left) {
  const pid = children.get(titleOf(SERVERS[0]))?.pid;
  const lines = [
    "",
    `  The shop       ${SHOP}`,
    `  Next edition   ${PREVIEW}   (the preview listener: seen by testers only)`,
    `  Admin API      ${ADMIN}`,
    "",
    "  Open the shop, put something in the cart: the badge says which server and edition have your session.",
    "  Then try, in another terminal in this folder (your server may be Server02):",
    "",
    "    npx tidegate servers                    what is served where",
    "    npx tidegate sessions shop              who is in the shop, and on which server",
    "    npx tidegate mode Server01 affinity     new users go elsewhere, you stay",
    "    npx tidegate mode Server01 break        nobody is sent there: the ticker reconnects to the other one",
    "    npx tidegate mode Server01 normal       and back",
    `    kill -9 ${String(pid).padEnd(31)} Server01 dies, and is started again after ${RESTART_MS / 1000} s`,
    "",
    "  A redeploy without anyone noticing: you keep your cart on edition 1, a private window gets edition 2.",
    "",
    "    npx tidegate redeploy shop --edition 2  new users get edition 2 from now on, at one revision",
    "    npx tidegate app shop                   who is left on edition 1, and where",
    "    npx tidegate undeploy shop --new        roll back: edition 1 has the new users again",
    "",
    `  Log: ${LOG}`,
    "  Ctrl-C ends everything.",
    "",
  ];
  if (left.length > 0) lines.push("  From last time:", ...left.map((line) => `    ${line}`), "");
  console.log(lines.join("\n"));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(0));

checkNode();
await checkPorts();
const { build } = await import("./build.mjs");
build();
for (const server of SERVERS) startServer(server);
for (const server of SERVERS) {
  await waitFor(`http://127.0.0.1:${server.port}/shop/health`, titleOf(server));
}
if (stoppingSince === 0) startTidegate();
await waitFor(`${ADMIN}/readyz`, "Tidegate");
if (stoppingSince === 0) printWelcome(await leftFromLastTime());
