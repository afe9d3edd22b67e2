import { append } from './append.js';
import { bank } from './bank.js';
import { lease } from './lease.js';
import { register } from './register.js';
import { set } from './set.js';
import type { Workload } from './types.js';
import { watch } from './watch.js';

export { createClient } from './client.js';
export type { ClientOptions, Clock, RunningClient } from './client.js';
export type { Client, DrawContext, FollowHandle, Workload } from './types.js';

/** In the order of the help. */
export const workloads: readonly Workload[] = [register, set, append, bank, lease, watch];
