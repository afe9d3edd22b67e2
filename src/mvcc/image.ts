import type { OrderedStore, StoreEntry, StoreOperation, StoreReader } from '../storage/index.js';
import { createAlarms } from './alarms.js';
import {
  createAuthState,
  encodeAuthRole,
  encodeAuthSettings,
  encodeAuthUser,
  rowNameOf,
  settingsRowName,
} from './auth/index.js';
import { createLeases } from './leases.js';
import { createTally, digestOfRecord } from './inventory.js';
import { encodeMeta, metaKey } from './meta.js';
import { firstRecordKey, recordKeysEnd } from './record-key.js';
import { seal, unseal } from './seal.js';
import { openTables } from './tables.js';
import type { Alarm, AuthRole, AuthUser, Lease, StateMeta } from './types.js';

/** What a state holds beside its records, to be taken elsewhere. */
export interface StateTables {
  readonly leases: readonly Lease[];
  readonly alarms: readonly Alarm[];
  readonly auth: { readonly enabled: boolean; readonly revision: number };
  readonly users: readonly AuthUser[];
  readonly roles: readonly AuthRole[];
}

/** Of a state store or a snapshot of one. Throws `storage-corrupt`. */
export async function readStateTables(reader: StoreReader): Promise<StateTables> {
  const tables = await openTables(reader, createTally());
  const auth = createAuthState(tables);
  return {
    leases: createLeases(tables).list(),
    alarms: createAlarms(tables).list,
    auth: { enabled: auth.enabled, revision: auth.revision },
    users: auth.userNames().flatMap((name) => auth.user(name) ?? []),
    roles: auth.roleNames().flatMap((name) => auth.role(name) ?? []),
  };
}

/** The history: record keys (record-key.ts) and key-values (key-value.ts), byte for byte as etcd stores them. */
export async function* readRecords(reader: StoreReader): AsyncGenerator<StoreEntry> {
  for await (const [key, value] of reader.entries({ gte: firstRecordKey, lt: recordKeysEnd })) {
    yield [key, unseal(key, value)];
  }
}

/** A record of that kind as a state store holds it. */
export function storedRecord([key, content]: StoreEntry): StoreEntry {
  return [key, seal(key, content)];
}

/** One batch for a store that holds only the records so far: what makes a state of it. */
export async function operationsOfState(
  store: OrderedStore,
  meta: StateMeta,
  state: StateTables,
): Promise<readonly StoreOperation[]> {
  const tally = createTally();
  for await (const [key] of store.entries({ gte: firstRecordKey, lt: recordKeysEnd }))
    tally.add(digestOfRecord(key));
  const tables = await openTables(store, tally);
  const leases = createLeases(tables);
  for (const { id, ttlSeconds } of state.leases) leases.grant(id, ttlSeconds);
  leases.checkpoint(state.leases.filter(({ remainingTtlSeconds }) => remainingTtlSeconds !== 0));
  const alarms = createAlarms(tables);
  // All that the file has, whoever they name: they are no more than its writer let in.
  for (const alarm of state.alarms) alarms.apply({ type: 'alarm', action: 'activate', ...alarm }, true);
  tables.set('auth', settingsRowName, encodeAuthSettings(state.auth));
  for (const user of state.users) tables.set('users', rowNameOf(user.name), encodeAuthUser(user));
  for (const role of state.roles) tables.set('roles', rowNameOf(role.name), encodeAuthRole(role));
  const rows = tables.beginFlush();
  return [...rows, { type: 'put', key: metaKey, value: encodeMeta(meta, tally.inventory) }];
}
