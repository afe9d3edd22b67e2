import { asBuffer, readUint64, writeUint64 } from '../../base/index.js';
import type { MemberRecord, Membership, Revision, StateMeta } from '../../mvcc/index.js';
import type { NamedRecord } from './records.js';
import { strange } from './records.js';

/*
 * The buckets of etcd's store, as 3.4 has them, and what stands in those that are no messages (records.ts) and no history
 * (`key`: revisions and key-values, the same as in our own store).
 *
 *   auth             authEnabled: a byte, 0 or 1; authRevision: 8 bytes, big-endian
 *   cluster          clusterVersion: as text
 *   members          name: id in hexadecimal, without zeros before; JSON, see memberJson
 *   members_removed  name likewise; "removed"
 *   meta             consistent_index: 8 bytes, big-endian; finishedCompactRev and scheduledCompactRev: a revision,
 *                    written as in `key`; missing if history was never compacted
 *
 * What 3.5 adds to `meta` (term, confState) is read past and not written: a restored 3.4 leaves it as it is, and after an
 * upgrade it would speak of a cluster that is no more.
 *
 * Ids are numbers in etcd's JSON, beyond what JavaScript's numbers hold: hence texts by hand.
 */
export const bucketNames = {
  alarms: 'alarm',
  auth: 'auth',
  roles: 'authRoles',
  users: 'authUsers',
  cluster: 'cluster',
  records: 'key',
  leases: 'lease',
  members: 'members',
  removed: 'members_removed',
  meta: 'meta',
} as const;

/** The version of etcd whose features the members of a cluster share, as a restored etcd reads it. */
const clusterVersion = '3.4.0';
const revisionSizeBytes = 17;

export function authRecords(auth: { readonly enabled: boolean; readonly revision: number }): NamedRecord[] {
  return [
    named('authEnabled', Buffer.of(auth.enabled ? 1 : 0)),
    named('authRevision', uint64(auth.revision)),
  ];
}

/** By what stands in the bucket, by name. etcd begins at revision 0 and we at 1: both mean that nothing happened yet. */
export function readAuth(found: ReadonlyMap<string, Buffer>): {
  readonly enabled: boolean;
  readonly revision: number;
} {
  const enabled = found.get('authEnabled');
  const revision = found.get('authRevision');
  return {
    enabled: enabled?.length === 1 && enabled[0] === 1,
    revision: revision === undefined ? 1 : Math.max(1, numberIn(revision, 'a revision of the users')),
  };
}

export function clusterRecords(): NamedRecord[] {
  return [named('clusterVersion', Buffer.from(clusterVersion))];
}

export function memberRecords({ members }: Membership): NamedRecord[] {
  return members.map((member) => named(shortId(member.id), Buffer.from(memberJson(member)))).sort(byName);
}

export function removedRecords({ removed }: Membership): NamedRecord[] {
  return removed.map((id) => named(shortId(id), Buffer.from('removed'))).sort(byName);
}

export function metaRecords(meta: StateMeta): NamedRecord[] {
  const compacted = meta.compactRevision < 0 ? null : revisionBytes(meta.compactRevision);
  return [
    named('consistent_index', uint64(meta.applied.index)),
    ...(compacted === null ? [] : [named('finishedCompactRev', compacted)]),
    ...(compacted === null ? [] : [named('scheduledCompactRev', compacted)]),
  ];
}

/** Up to where history was given up, whether or not all of it is gone already. −1: nowhere. */
export function readCompactRevision(found: ReadonlyMap<string, Buffer>): Revision {
  const revisions = ['finishedCompactRev', 'scheduledCompactRev'].flatMap((name) => {
    const bytes = found.get(name);
    if (bytes === undefined) return [];
    if (bytes.length < revisionSizeBytes) throw strange(`${name} of ${bytes.length} bytes`);
    return [numberIn(bytes, name)];
  });
  return Math.max(-1, ...revisions);
}

export function byName(a: NamedRecord, b: NamedRecord): number {
  return Buffer.compare(a.name, b.name);
}

function named(name: string, value: Buffer): NamedRecord {
  return { name: Buffer.from(name), value };
}

function memberJson({ id, name, peerUrls, clientUrls, isLearner }: MemberRecord): string {
  const parts = [
    `"id":${BigInt(`0x${id}`)}`,
    `"peerURLs":${JSON.stringify(peerUrls)}`,
    ...(isLearner ? ['"isLearner":true'] : []),
    ...(name === '' ? [] : [`"name":${JSON.stringify(name)}`]),
    ...(clientUrls.length === 0 ? [] : [`"clientURLs":${JSON.stringify(clientUrls)}`]),
  ];
  return `{${parts.join()}}`;
}

function shortId(id: string): string {
  return BigInt(`0x${id}`).toString(16);
}

function uint64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeUint64(bytes, value, 0);
  return bytes;
}

function numberIn(bytes: Uint8Array, what: string): number {
  if (bytes.length < 8) throw strange(`${what} of ${bytes.length} bytes`);
  const number = readUint64(asBuffer(bytes), 0);
  if (!Number.isSafeInteger(number)) throw strange(`${what} beyond all that can be`);
  return number;
}

function revisionBytes(revision: Revision): Buffer {
  const bytes = Buffer.alloc(revisionSizeBytes);
  writeUint64(bytes, revision, 0);
  bytes.write('_', 8, 'latin1');
  return bytes;
}
