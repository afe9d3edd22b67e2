import { append } from './append.js';
import { auth } from './auth.js';
import { bank } from './bank.js';
import { churn } from './churn.js';
import { election } from './election.js';
import { lease } from './lease.js';
import { lock } from './lock.js';
import { register } from './register.js';
import { set } from './set.js';
import type { Workload } from './types.js';
import { uniqueIds } from './unique-ids.js';
import { watch } from './watch.js';

export { createClient } from './client.js';
export type { ClientOptions, Clock, RunningClient } from './client.js';
export type { ChurnControl, Client, DrawContext, FollowHandle, JoiningMember, Workload } from './types.js';

/** In the order of the help. */
export const workloads: readonly Workload[] = [
  register,
  set,
  append,
  bank,
  uniqueIds,
  lock,
  election,
  lease,
  watch,
  churn,
  auth,
];
