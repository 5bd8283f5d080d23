// hot: bench/cases.ts
// A session that an exchange or a tunnel is using: for as long as it is open its session is not idle (SPEC A4). The worker
// that has the tunnel says so to its session table every now and then, which tells the others like any touch; bytes cost
// nothing. What dies with a worker stops saying so: nobody has to count and nothing has to be put right.

import type { CompiledApplication } from "../routing/compiled.ts";
import type { ResponseEdits } from "../routing/decision.ts";
import type { DataPlane } from "./data-plane.ts";
import { Timed } from "./timer-wheel.ts";

/** Between two words at most: so much too early a session may end whose worker was killed. */
const KEEP_MS = 15_000;
/** Words within one idle timeout at least, so that one that is late costs no session. */
const WORDS = 4;

/** The session of one exchange or tunnel; used again with it. */
export class SessionUse extends Timed {
  readonly #plane: DataPlane;
  #isOpen = false;
  #high = 0;
  #low = 0;
  #everyMs = KEEP_MS;
  #saidSeconds = 0;

  constructor(plane: DataPlane) {
    super();
    this.#plane = plane;
  }

  /** The session has just been seen and is in use from now on. */
  begin(application: CompiledApplication, high: number, low: number): void {
    const { router, wheel, nowMs } = this.#plane;
    this.#isOpen = true;
    this.#high = high;
    this.#low = low;
    this.#everyMs = Math.min(KEEP_MS, application.entry.sessions.idleMs / WORDS);
    this.#saidSeconds = router.nowSeconds;
    wheel.set(this, nowMs + this.#everyMs);
  }

  /** A response came: the session may have begun, got another id, or ended with it. */
  follow(application: CompiledApplication, edits: ResponseEdits): void {
    if (!edits.hasSession) this.#close();
    else if (!this.#isOpen) this.begin(application, edits.sessionHigh, edits.sessionLow);
    else {
      this.#high = edits.sessionHigh;
      this.#low = edits.sessionLow;
    }
  }

  /** Goes on with the session of another one, which may end. */
  goOnFrom(other: SessionUse, application: CompiledApplication): void {
    if (other.#isOpen) this.begin(application, other.#high, other.#low);
  }

  /** The session's idle time begins. */
  end(): void {
    if (!this.#isOpen) return;
    this.#close();
    if (this.#plane.router.nowSeconds !== this.#saidSeconds) this.#say();
  }

  override onDeadline(nowMs: number): void {
    if (!this.#isOpen) return;
    this.#say();
    this.#plane.wheel.set(this, nowMs + this.#everyMs);
  }

  #say(): void {
    const { router } = this.#plane;
    this.#saidSeconds = router.nowSeconds;
    router.keepSession(this.#high, this.#low);
  }

  #close(): void {
    this.#isOpen = false;
    this.#plane.wheel.clear(this);
  }
}
