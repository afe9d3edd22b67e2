import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memorySource, openBbolt, planFile } from '../../../src/bbolt/index.js';
import { contentOf, readContent } from '../../../src/member/etcd-file/index.js';
import {
  decodeAlarm,
  decodeLease,
  decodeRole,
  decodeUser,
  encodeAlarm,
  encodeLease,
  encodeRole,
  encodeUser,
} from '../../../src/member/etcd-file/records.js';
import { encodeKeyValue, storedRecord } from '../../../src/mvcc/index.js';
import type { Membership, StateMeta, StateTables } from '../../../src/mvcc/index.js';
import { recordKeyOf } from '../../../src/mvcc/record-key.js';
import { createMemoryStore } from '../../../src/storage/index.js';
import type { StoreEntry } from '../../../src/storage/index.js';
import { fileOf, tree } from '../../bbolt/files.js';
import type { Tree } from '../../bbolt/files.js';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('the small records are those of etcd 3.4, byte for byte', () => {
  test('a lease', () => {
    const record = { name: bytes('0568a1fbcdb7fc43'), value: bytes('08c3f8dfedbcbfa8b40510e807') };
    const lease = decodeLease(record.name, record.value);
    expect(lease).toEqual({ id: 0x0568a1fbcdb7fc43n, ttlSeconds: 1000, remainingTtlSeconds: 0 });
    expect(encodeLease(lease)).toEqual(record);
    const negative = { id: -2n, ttlSeconds: 5, remainingTtlSeconds: 0 };
    const { name, value } = encodeLease({ ...negative });
    expect(decodeLease(name, value)).toEqual(negative);
  });

  test('what is left of a lease is not taken over: it has all of its time again', () => {
    expect(encodeLease({ id: 7n, ttlSeconds: 60 }).value).toEqual(bytes('08 07 10 3c'));
    expect(decodeLease(bytes('0000000000000007'), bytes('08 07 10 3c 18 05')).remainingTtlSeconds).toBe(0);
  });

  test('a user, with a password and without', () => {
    const hash = '$2a$10$4r5FWnqjAd21iwcaAc1AuuTU9qdZX33k7QfpNLgbGv.7JiBauIiM2';
    const value = bytes(`0a0175 123c ${Buffer.from(hash).toString('hex')} 1a0172 2200`);
    const user = decodeUser(Buffer.from('u'), value);
    expect(user).toEqual({ name: 'u', hash, noPassword: false, roles: ['r'] });
    expect(encodeUser(user)).toEqual({ name: Buffer.from('u'), value });
    const guest = { name: 'guest', hash: '', noPassword: true, roles: [] };
    expect(encodeUser(guest).value).toEqual(bytes('0a056775657374 22020801'));
    expect(decodeUser(Buffer.from('guest'), encodeUser(guest).value)).toEqual(guest);
    // etcd 3.3 knows no options.
    expect(decodeUser(Buffer.from('u'), bytes('0a0175'))).toEqual({
      name: 'u',
      hash: '',
      noPassword: false,
      roles: [],
    });
  });

  test('a role', () => {
    const value = bytes('0a0172 1208 0802 120161 1a017a');
    const role = decodeRole(Buffer.from('r'), value);
    expect(role).toEqual({ name: 'r', permissions: [{ permission: 'read-write', key: 'a', rangeEnd: 'z' }] });
    expect(encodeRole(role)).toEqual({ name: Buffer.from('r'), value });
  });

  test('an alarm', () => {
    const alarm = { memberId: 'ec1314ea52838568', alarm: 'no-space' } as const;
    const { name, value } = encodeAlarm(alarm);
    expect(name).toEqual(bytes('08 e88a8e94a59dc589ec01 10 01'));
    expect(value.length).toBe(0);
    expect(decodeAlarm(name)).toEqual(alarm);
    expect(decodeAlarm(bytes('08 01 10 09'))).toBeNull();
  });

  test.each([
    ['a lease under another name', () => decodeLease(bytes('0000000000000008'), bytes('08 07'))],
    ['a lease that ends too early', () => decodeLease(bytes('0000000000000007'), bytes('08 87'))],
    ['a user under another name', () => decodeUser(Buffer.from('x'), bytes('0a0175'))],
    ['a user longer than it is', () => decodeUser(Buffer.from('u'), bytes('0a7f75'))],
    ['a permission of no kind', () => decodeRole(Buffer.from('r'), bytes('0a0172 1202 0807'))],
  ])('%s is refused', (_, decode) => {
    expect(decode).toThrow(expect.objectContaining({ code: 'storage-corrupt' }));
  });
});

const membership: Membership = {
  configuration: {
    voters: ['00000000000000aa', 'f0000000000000bb'],
    outgoing: [],
    learners: [],
    learnersNext: [],
  },
  members: [
    {
      id: '00000000000000aa',
      name: 'a',
      peerUrls: ['http://a:2380'],
      clientUrls: ['http://a:2379'],
      isLearner: false,
    },
    { id: 'f0000000000000bb', name: '', peerUrls: ['http://b:2380'], clientUrls: [], isLearner: true },
  ],
  removed: ['00000000000000cc'],
};
const noTables: StateTables = {
  leases: [],
  alarms: [],
  auth: { enabled: false, revision: 1 },
  users: [],
  roles: [],
};

async function write(meta: StateMeta, tables: StateTables, records: readonly StoreEntry[]): Promise<Buffer> {
  const store = createMemoryStore();
  await store.write(
    records.map(storedRecord).map(([key, value]) => ({ type: 'put', key, value })),
    { sync: true },
  );
  const planned = await planFile(
    contentOf({ reader: store, meta, tables, pause: async () => Promise.resolve() }),
  );
  const pages: Buffer[] = [];
  for await (const page of planned.pages()) pages.push(page);
  return Buffer.concat(pages);
}

describe('a state as a file', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme', maxLength: 8 });
  const key = fc.uint8Array({ maxLength: 5 }).map((value) => Buffer.from(value).toString('latin1'));
  const tables: fc.Arbitrary<StateTables> = fc.record({
    leases: fc.uniqueArray(
      fc.record({
        id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter((id) => id !== 0n),
        ttlSeconds: fc.integer({ min: 1, max: 9_000_000_000 }),
        remainingTtlSeconds: fc.constant(0),
      }),
      { selector: ({ id }) => id, maxLength: 100 },
    ),
    alarms: fc.constantFrom([], [{ memberId: '00000000000000aa', alarm: 'corrupt' } as const]),
    auth: fc.record({ enabled: fc.boolean(), revision: fc.integer({ min: 1, max: 2 ** 53 - 1 }) }),
    users: fc.uniqueArray(
      fc.record({
        name,
        hash: fc.constantFrom('', '$2a$10$abc'),
        noPassword: fc.boolean(),
        roles: fc.uniqueArray(name).map((roles) => roles.sort()),
      }),
      { selector: (user) => user.name },
    ),
    roles: fc.uniqueArray(
      fc.record({
        name,
        permissions: fc.array(
          fc.record({
            permission: fc.constantFrom('read', 'write', 'read-write'),
            key,
            rangeEnd: fc.option(key.filter((end) => end !== '')),
          }),
        ),
      }),
      { selector: (role) => role.name },
    ),
  });

  test('is read back as what it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        tables,
        fc.nat({ max: 30 }),
        fc.integer({ min: -1, max: 10 }),
        async (given, count, compactRevision) => {
          const records = Array.from({ length: count }, (_, index): StoreEntry => {
            const main = index + 11;
            const kv = {
              key: `k${index}`,
              createRevision: main,
              modRevision: main,
              version: 1,
              value: Buffer.of(1),
              lease: 0n,
            };
            return [recordKeyOf({ main, sub: index % 3 }, false), encodeKeyValue(kv)];
          });
          const revision = Math.max(1, compactRevision, count === 0 ? 0 : count + 10);
          const meta = { applied: { term: 3, index: 99 }, revision, compactRevision, membership };
          const found: StoreEntry[] = [];
          const content = await readContent(
            await openBbolt(memorySource(await write(meta, given, records))),
            async (entry) => {
              found.push(entry);
              return Promise.resolve();
            },
          );
          expect(found).toEqual(records);
          const byId = (a: { id: bigint }, b: { id: bigint }): number => (a.id < b.id ? -1 : 1);
          const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
          expect({
            ...content,
            tables: {
              ...content.tables,
              leases: [...content.tables.leases].sort(byId),
              users: [...content.tables.users].sort(byName),
              roles: [...content.tables.roles].sort(byName),
            },
          }).toEqual({
            revision,
            compactRevision,
            recordCount: count,
            ignored: [],
            tables: {
              ...given,
              leases: [...given.leases].sort(byId),
              users: [...given.users].sort(byName),
              roles: [...given.roles].sort(byName),
            },
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('names the members as etcd does, and nothing of raft but the applied index', async () => {
    const meta = { applied: { term: 3, index: 258 }, revision: 5, compactRevision: 4, membership };
    const file = await openBbolt(memorySource(await write(meta, noTables, [])));
    const found = new Map<string, Record<string, string>>();
    for await (const entry of file.walk().entries()) {
      const values: Record<string, string> = {};
      if (entry.type === 'bucket')
        for await (const each of entry.bucket.entries())
          if (each.type === 'value') values[each.key.toString()] = each.value.toString('latin1');
      found.set(entry.key.toString(), values);
    }
    expect([...found.keys()]).toEqual([
      'alarm',
      'auth',
      'authRoles',
      'authUsers',
      'cluster',
      'key',
      'lease',
      'members',
      'members_removed',
      'meta',
    ]);
    expect(found.get('members')).toEqual({
      aa: '{"id":170,"peerURLs":["http://a:2380"],"name":"a","clientURLs":["http://a:2379"]}',
      f0000000000000bb: '{"id":17293822569102704827,"peerURLs":["http://b:2380"],"isLearner":true}',
    });
    expect(found.get('members_removed')).toEqual({ cc: 'removed' });
    expect(found.get('cluster')).toEqual({ clusterVersion: '3.4.0' });
    const compacted = `${'\0'.repeat(7)}\x04_${'\0'.repeat(8)}`;
    expect(found.get('meta')).toEqual({
      consistent_index: `${'\0'.repeat(6)}\x01\x02`,
      finishedCompactRev: compacted,
      scheduledCompactRev: compacted,
    });
  });
});

describe('a file of another time', () => {
  const uint64 = (value: number): string => `${'\0'.repeat(7)}${String.fromCharCode(value)}`;
  const revision = (main: number): string => `${uint64(main)}_${uint64(0)}`;
  const meta = tree({ consistent_index: uint64(9) });
  const readFile = async (top: Tree): Promise<Awaited<ReturnType<typeof readContent>>> =>
    readContent(await openBbolt(memorySource(await fileOf(top))), async () => Promise.resolve());

  test('what etcd 3.5 and 3.6 add is passed over; a bucket that nobody knows is named', async () => {
    const content = await readFile(
      tree({
        key: tree({}),
        cluster: tree({ clusterVersion: '3.5.0', downgrade: '{"target-version":"","enabled":false}' }),
        meta: tree({
          term: uint64(2),
          confState: '{"voters":[1],"auto_leave":false}',
          storageVersion: '3.6.0',
        }),
        mystery: tree({ a: 'b' }),
      }),
    );
    expect(content).toMatchObject({ revision: 1, compactRevision: -1, ignored: ['mystery'] });
  });

  test('a compaction that was begun counts, and so does the revision at which all was given up', async () => {
    const begun = tree({ finishedCompactRev: revision(3), scheduledCompactRev: revision(7) });
    expect(await readFile(tree({ key: tree({}), meta: begun }))).toMatchObject({
      revision: 7,
      compactRevision: 7,
    });
  });

  test.each<[string, string, Tree]>([
    ['no bucket of keys', "not of etcd's store", tree({ meta })],
    ['no description', "not of etcd's store", tree({ key: tree({}) })],
    [
      'a value outside of the buckets',
      'something outside of its buckets',
      tree({ key: tree({}), loose: 'x' }),
    ],
    [
      'a bucket among the keys',
      'a bucket within the bucket "key"',
      tree({ key: tree({ a: tree({}) }), meta }),
    ],
    [
      'a strange revision',
      'a record that is none, under the revision 61',
      tree({ key: tree({ a: 'x' }), meta }),
    ],
    [
      'a record of another revision',
      'a record that is none',
      tree({ key: tree({ [revision(2)]: '\x0a\x01k\x10\x03\x18\x03\x20\x01' }), meta }),
    ],
    [
      'a record without a key',
      'a record that is none',
      tree({ key: tree({ [revision(2)]: '\x10\x02\x18\x02\x20\x01' }), meta }),
    ],
    [
      'a tombstone with a version',
      'a record that is none',
      tree({ key: tree({ [`${revision(2)}t`]: '\x0a\x01k\x20\x01' }), meta }),
    ],
    [
      'a compaction that is no revision',
      'finishedCompactRev of 3 bytes',
      tree({ key: tree({}), meta: tree({ finishedCompactRev: 'abc' }) }),
    ],
  ])('%s is refused', async (_, message, top) => {
    await expect(readFile(top)).rejects.toMatchObject({ code: 'storage-corrupt' });
    await expect(readFile(top)).rejects.toThrow(message);
  });
});
