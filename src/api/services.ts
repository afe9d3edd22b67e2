import type { Member } from '../member/index.js';
import { authMethods } from './auth.js';
import { clusterMethods } from './cluster.js';
import { electionMethods } from './election.js';
import { createHeaderWriter } from './header.js';
import { healthMethods } from './health.js';
import { kvMethods } from './kv.js';
import { leaseMethods } from './lease.js';
import type { ApiLimits } from './limits.js';
import { lockMethods } from './lock.js';
import { maintenanceMethods } from './maintenance.js';
import { guarded } from './method.js';
import type { Method } from './method.js';
import { reflectionMethods } from './reflection.js';
import { snapshotMethods } from './snapshot.js';
import { watchMethods } from './watch.js';

/** Every method that a member serves, from message to message: all of the API but its transport. */
export function createServices(member: Member, limits: ApiLimits): readonly Method[] {
  const header = createHeaderWriter(member);
  const methods = [
    ...kvMethods(member, header),
    ...leaseMethods(member, header),
    ...clusterMethods(member, header),
    ...maintenanceMethods(member, header),
    ...snapshotMethods(member),
    ...authMethods(member, header),
    ...watchMethods(member, header, limits),
    ...lockMethods(member, header),
    ...electionMethods(member, header),
    ...healthMethods(),
    ...reflectionMethods(),
  ];
  return methods.map((method) => guarded(member, method));
}
