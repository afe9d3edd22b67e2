import { auth } from './auth.js';
import { bank } from './bank.js';
import { cycles } from './cycles/index.js';
import { elections } from './elections.js';
import { leases } from './leases.js';
import { linearizability } from './linearizability.js';
import { locks } from './locks.js';
import { membership } from './membership.js';
import { revisions } from './revisions/index.js';
import { sets } from './sets.js';
import type { Checker } from './types.js';
import { uniqueIds } from './unique-ids.js';
import { watch } from './watch.js';

export { defaultLimits } from './types.js';
export type { Anomaly, Checker, CheckLimits, Drawing, Verdict } from './types.js';

/** All look at every history; each skips one that does not concern it. */
export const checkers: readonly Checker[] = [
  linearizability,
  revisions,
  cycles,
  sets,
  bank,
  uniqueIds,
  locks,
  elections,
  leases,
  watch,
  membership,
  auth,
];
