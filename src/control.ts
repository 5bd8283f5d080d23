// The control process: composition root. The keeper forks it; it ends when the keeper says so, when its journal cannot be
// read, or when an assertion breaks: then the keeper starts another one, and the workers serve on meanwhile.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startAdmin } from "./admin/start-admin.ts";
import type { Fault } from "./base/fault.ts";
import { FaultError } from "./base/fault.ts";
import type { Log } from "./base/log.ts";
import { ControlPlane } from "./control/control-plane.ts";
import { decodeDomain, encodeDomain } from "./domain/stored-domain.ts";
import { openFileJournal } from "./journal/file-journal.ts";
import { receiveStart } from "./system/child-process.ts";
import { systemClock } from "./system/clock.ts";
import { exitNow, onUncaught } from "./system/environment.ts";
import { openLog } from "./system/log.ts";
import { systemRandom } from "./system/random.ts";

const child = await receiveStart();
const { settings } = child.start;
const log = openLog({ level: settings.logLevel, name: "control" });

onUncaught((error) => {
  log.error(
    { err: error },
    "A defect of Tidegate: control ends, the workers serve on, another control is started",
  );
  exitNow(1);
});

let close: () => Promise<void> = async () => {};
let isStopping = false;

try {
  await start();
  child.reportReady();
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  logFault(log, error.fault);
  await close();
  child.leave(1);
}

/** Opens the domain, then what operators reach. */
async function start(): Promise<void> {
  const plane = await ControlPlane.open({
    settings,
    journal: openFileJournal({
      folder: join(settings.dataDir, "journal"),
      codec: { encode: encodeDomain, decode: decodeDomain },
      log,
    }),
    bus: child.bus,
    sessionsKnownFrom: child.start.treeStartedAt,
    clock: systemClock,
    random: systemRandom,
    log,
    onStop: () => void stop(),
  });
  if (!plane.ok) throw new FaultError(plane.fault);
  const { operations } = plane.value;
  close = () => plane.value.close();
  const admin = await startAdmin({ settings: settings.admin, operations, log, version: ownVersion() });
  close = async () => {
    await admin.close();
    await plane.value.close();
  };
  log.info({ admin: admin.addresses, revision: operations.domain().revision }, "Control is ready");
}

/** Answers what is under way, closes the journal and ends the process. */
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await close();
  child.leave(0);
}

function logFault(to: Log, fault: Fault): void {
  const { code, message, hint, details } = fault; // the message says what the cause did
  to.error({ code, hint, details }, `Control cannot start: ${message}`);
}

function ownVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version; // our own file
}
