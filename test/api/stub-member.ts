import { createHistogram, emptyBytes, QuorateError } from '../../src/base/index.js';
import type { Member, MemberStatus } from '../../src/member/index.js';

/**
 * A member that answers with fixed values, for tests of what stands between the wire and a member. What a request
 * means is tested on real members.
 */
export function stubMember(
  overrides: Partial<Omit<Member, 'status'>> = {},
  status: Partial<MemberStatus> = {},
): Member {
  const id = 'bcc7000000000001';
  const clusterId = 'dcf0000000000002';
  return {
    id,
    clusterId,
    status: () => ({
      id,
      clusterId,
      name: 'stub',
      role: 'leader',
      leader: id,
      isLearner: false,
      term: 7,
      commitIndex: 12,
      appliedIndex: 11,
      lastIndex: 13,
      revision: 5,
      compactRevision: 2,
      keyCount: 3,
      quotaSizeBytes: 1024,
      errors: [],
      ...status,
    }),
    leader: status.leader === undefined ? id : status.leader,
    isLearner: status.isLearner ?? false,
    header: () => ({ term: 7, revision: 5 }),
    range: async (request) =>
      Promise.resolve({
        type: 'range',
        revision: 5,
        kvs: [
          {
            key: request.key,
            createRevision: 2,
            modRevision: 3,
            version: 2,
            value: emptyBytes,
            lease: 0n,
          },
        ],
        more: false,
        count: 1,
      }),
    put: async () => Promise.resolve({ type: 'put', revision: 6, previous: null }),
    deleteRange: async () => Promise.resolve({ type: 'delete-range', revision: 6, deleted: 0, previous: [] }),
    txn: async () => Promise.resolve({ type: 'txn', revision: 6, succeeded: true, responses: [] }),
    compact: async () => Promise.resolve({ type: 'compact', revision: 6 }),
    measures: () => ({
      logWriteSeconds: createHistogram([1]),
      stateFlushSeconds: createHistogram([1]),
      slowAppliesTotal: 0,
      leaderChangesTotal: 1,
      proposalsPending: 2,
      proposalsPendingSizeBytes: 3,
      proposalsFailedTotal: 4,
      applyQueueLength: 5,
      readsWaiting: 6,
      unflushedSizeBytes: 7,
      logSizeBytes: 8,
      traffic: { sentBytes: 9, receivedBytes: 10, sendFailures: new Map([['a1', 11]]) },
    }),
    linearizableBarrier: async () => Promise.resolve(),
    watches: { watch: refuse, onNextTurn() {}, watcherCount: 0, unsyncedCount: 0 },
    leases: {
      grant: async () => Promise.resolve({ id: 1n, ttlSeconds: 2, revision: 5 }),
      revoke: async () => Promise.resolve({ revision: 5 }),
      keepAlive: async () => Promise.resolve(2),
      timeToLive: async () => Promise.resolve(null),
      list: async () => Promise.resolve([]),
    },
    cluster: {
      members: async () =>
        Promise.resolve([
          {
            id,
            name: 'stub',
            peerUrls: ['http://127.0.0.1:2380'],
            clientUrls: ['http://127.0.0.1:2379'],
            isLearner: false,
          },
        ]),
      add: refuse,
      remove: refuse,
      update: refuse,
      promote: refuse,
      replace: refuse,
    },
    maintenance: {
      databaseSize: async () => Promise.resolve({ total: 4096, inUse: 2048 }),
      hashKv: async () =>
        Promise.resolve({ hash: 0xfedc_ba98, hashRevision: 5, compactRevision: 2, revision: 5 }),
      alarms: () => [],
      activateAlarm: async () => Promise.resolve([]),
      deactivateAlarm: async () => Promise.resolve([]),
      defragment: async () => Promise.resolve(),
      snapshotFile: refuse,
      moveLeader: async () => Promise.reject(new QuorateError('not-leader')),
    },
    auth: {
      enabled: false,
      revision: 1,
      callerOf: () => ({ user: '', authRevision: 0 }),
      current: (caller) => caller,
      authenticate: async () => Promise.reject(new QuorateError('auth-not-enabled')),
      execute: async () => Promise.resolve(),
      hashPassword: async (password) => Promise.resolve(password),
      user: refuse,
      role: refuse,
      userNames: async () => Promise.resolve([]),
      roleNames: async () => Promise.resolve([]),
      requireAdmin: () => undefined,
      requireUser: () => undefined,
      requireRange: () => undefined,
    },
    stopped: new Promise(() => undefined),
    close: async () => Promise.resolve(),
    ...overrides,
  };
}

function refuse(): never {
  throw new QuorateError('unavailable', 'the stub has no answer to this');
}
