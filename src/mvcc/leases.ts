import { assert, QuorateError, some } from '../base/index.js';
import type { Key } from '../base/index.js';
import { createByteReader } from './byte-reader.js';
import { createByteWriter } from './byte-writer.js';
import type { Rebind } from './key-index.js';
import type { Tables } from './tables.js';
import type { Lease, LeaseCheckpoint, LeaseId, LeaseTable } from './types.js';

/*
 * What the table `leases` of tables.ts holds: a row each, with the terms of byte-writer.ts. Frozen.
 *
 *   row name    = id (8 bytes, big-endian, two's complement)
 *   row content = ttl remaining-ttl           both in seconds, signed
 *
 * Which keys hang on a lease is not stored here: the records of the keys say so.
 *
 * Example: lease 7 of 60 seconds, 15 of them left: `00 00 00 00 00 00 00 07` → `78 1e`.
 */
const nameSizeBytes = 8;

/** The leases as part of the replicated state, in step with the key index. */
export interface LeaseState extends LeaseTable {
  /** The id must be free. */
  grant(id: LeaseId, ttlSeconds: number): void;
  /** The lease must exist. Its keys are the caller's to delete, before. */
  revoke(id: LeaseId): void;
  /** Leases that are gone are passed over. */
  checkpoint(leases: LeaseCheckpoint['leases']): void;
  /** The key index tells that the key goes from one lease to another; 0n: none. */
  readonly rebind: Rebind;
}

/**
 * Takes up what the table `leases` holds; errors: `storage-corrupt`. Keys may be bound to a lease that does not exist:
 * that cannot come about through the log, but stand so in an imported snapshot. Such a binding has no effect unless a
 * lease of that id is granted. Then it counts, as the records say so: a member that restarts must find the same.
 */
export function createLeases(tables: Tables): LeaseState {
  const leases = new Map<LeaseId, Lease>();
  const keys = new Map<LeaseId, Set<Key>>();
  for (const { name, content } of tables.restored('leases')) {
    const lease = decodeLease(name, content);
    leases.set(lease.id, lease);
  }

  function save(lease: Lease): void {
    leases.set(lease.id, lease);
    tables.set('leases', rowNameOf(lease.id), encodeLease(lease));
  }

  return {
    get size() {
      return leases.size;
    },
    get: (id) => leases.get(id),
    keysOf: (id) => (leases.has(id) ? [...(keys.get(id) ?? [])].sort() : []),
    keyCountOf: (id) => (leases.has(id) ? (keys.get(id)?.size ?? 0) : 0),
    list: () => [...leases.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),

    grant(id, ttlSeconds) {
      assert(!leases.has(id), 'a lease is granted once');
      save({ id, ttlSeconds, remainingTtlSeconds: 0 });
    },

    revoke(id) {
      assert(leases.delete(id), 'only a lease that exists is revoked');
      tables.delete('leases', rowNameOf(id));
    },

    checkpoint(seen) {
      for (const { id, remainingTtlSeconds } of seen) {
        const lease = leases.get(id);
        if (lease !== undefined) save({ ...lease, remainingTtlSeconds });
      }
    },

    rebind(key, before, after) {
      if (before !== 0n) {
        const bound = some(keys.get(before), 'a key that leaves a lease was bound to it');
        assert(bound.delete(key), 'a key leaves the lease that it is bound to');
        if (bound.size === 0) keys.delete(before);
      }
      if (after === 0n) return;
      const bound = keys.get(after);
      if (bound === undefined) keys.set(after, new Set([key]));
      else bound.add(key);
    },
  };
}

function rowNameOf(id: LeaseId): Key {
  const name = Buffer.allocUnsafe(nameSizeBytes);
  name.writeBigInt64BE(id);
  return name.toString('latin1');
}

function encodeLease({ ttlSeconds, remainingTtlSeconds }: Lease): Buffer {
  const writer = createByteWriter();
  writer.int(ttlSeconds);
  writer.int(remainingTtlSeconds);
  return writer.finish();
}

function decodeLease(name: Key, content: Uint8Array): Lease {
  if (name.length !== nameSizeBytes) {
    const found = Buffer.from(name, 'latin1').toString('hex');
    throw new QuorateError('storage-corrupt', `the state store holds a lease under a strange name, ${found}`);
  }
  const id = Buffer.from(name, 'latin1').readBigInt64BE();
  const reader = createByteReader(content, `the stored lease ${id}`);
  const lease = { id, ttlSeconds: reader.int(), remainingTtlSeconds: reader.int() };
  reader.end();
  return lease;
}
