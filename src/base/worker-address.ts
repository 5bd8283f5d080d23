// How a worker is named on the bus: by its slot and its process, since a slot has two processes while its worker is replaced.

/** A worker process as the keeper lists it. */
export interface WorkerProcess {
  readonly slot: number;
  readonly pid: number;
}

const PREFIX = "worker:";

/** `worker:3/4711`: this process and no other. `worker:3` alone is the newest process of the slot. */
export function workerAddress({ slot, pid }: WorkerProcess): string {
  return `${PREFIX}${slot}/${pid}`;
}

/** The slot in a worker's address; -1 in any other address. */
export function slotOfAddress(address: string): number {
  return address.startsWith(PREFIX) ? Number.parseInt(address.slice(PREFIX.length), 10) : -1;
}
