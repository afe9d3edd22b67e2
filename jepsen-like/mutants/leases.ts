import type { Mutant } from './types.js';

/** When leases end. */
export const leases: readonly Mutant[] = [
  {
    name: 'a former leader ends leases',
    after: '15247',
    file: 'src/mvcc/apply.js',
    find: `return onlyInTerm > 0 && onlyInTerm !== applied.term;`,
    replace: `return false;`,
    workloads: ['lease'],
  },
  {
    name: 'a new leader knows when leases end from the clock on the wall of the one before',
    after: 'renewals and revocations that race across leaders',
    file: 'src/member/lease/lessor.js',
    find: `const startMs = env.monotonicMs() + config.electionTimeoutMs;`,
    replace: `const startMs = env.monotonicMs() - 2000;`,
    workloads: ['lease'],
  },
  {
    name: 'a lease is renewed by whoever takes itself for the leader',
    after: 'renewals and revocations that race across leaders',
    file: 'src/member/leases.js',
    find: `const ttls = await present.renew(ids);
        await driver.barrier();`,
    replace: `const ttls = await present.renew(ids);
        if (ttls.length > 0)
            return ttls;`,
    workloads: ['lease'],
  },
  {
    name: 'a lock goes to somebody whose lease has ended meanwhile',
    after: '11456; Jepsen, etcd 3.4.3',
    file: 'src/api/lock.js',
    find: `if (now.kvs[0]?.createRevision !== ownRevision)`,
    replace: `if (ownRevision < 0)`,
    workloads: ['lock'],
  },
  {
    name: 'what a lock guards does not look at the fence',
    after: 'Jepsen, etcd 3.4.3: 18 % of updates lost',
    file: 'jepsen-like/workloads/lock.js',
    find: `compare: [{ key: fenceKey, target: 'value', sign: '=', operand: padded(fence) }],`,
    replace: `compare: [],`,
    workloads: ['lock'],
  },
];
