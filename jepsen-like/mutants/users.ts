import type { Mutant } from './types.js';

/** Who may do what. */
export const users: readonly Mutant[] = [
  {
    name: 'a member that starts again has forgotten how often users changed',
    after: '11651, 14571',
    file: 'src/mvcc/auth/state.js',
    find: `let { enabled, revision } = settings[0] ?? { enabled: false, revision: 1 };`,
    replace: `let { enabled, revision } = { ...(settings[0] ?? { enabled: false }), revision: 1 };`,
    workloads: ['auth'],
  },
  {
    name: 'rights stay what they were when they were first looked at',
    after: '11651, 14571',
    file: 'src/mvcc/auth/rights.js',
    find: `forget: (user) => void kept.delete(user),`,
    replace: `forget: () => undefined,`,
    workloads: ['auth'],
  },
  {
    name: 'what a user may do is not looked at again when it is done',
    after: '14571: rights at the time of the request',
    file: 'src/mvcc/auth/check.js',
    find: `return isRoot || permitted.covers(range) ? null : 'permission-denied';`,
    replace: `return isRoot || permission === 'write' || permitted.covers(range) ? null : 'permission-denied';`,
    workloads: ['auth'],
  },
];
