// The real randomness.

import type { Random } from "../base/random.ts";

/** Random numbers of the runtime: for spreading and jitter, never for secrets. */
export const systemRandom: Random = { next: () => Math.random() };
