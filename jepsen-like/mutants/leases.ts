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
];
