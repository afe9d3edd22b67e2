import { some } from '../../src/base/index.js';
import type { History } from '../history/index.js';
import { groupBy } from './group-by.js';
import { isOnRegister, registerOf } from './registers.js';
import type { Register, RegisterOperation } from './registers.js';
import { nameOfStuck, wordsOfRegister } from './stuck.js';
import { defaultLimits } from './types.js';
import type { Anomaly, Checker, Verdict } from './types.js';
import { createSearch } from './wgl.js';
import type { Search, SearchEnd } from './wgl.js';

/** What each key may take in the first round, and by how much more in each that follows. */
const firstRound = 2000;
const growth = 4;

/**
 * Linearizability of registers, key by key. It trusts no revision: an independent look at what the revisions claim. All keys are searched
 * in turns that grow longer: a bad key is found long before a hard one has used up what there is.
 */
export const linearizability: Checker = {
  name: 'linearizability',
  check({ operations }: History, { steps: budget } = defaultLimits): Verdict {
    const byKey = groupBy(operations.filter(isOnRegister), ({ key }) => key);
    if (byKey.size === 0) return { type: 'skipped' };
    let open = [...byKey].map(([key, its]): Open => {
      const register = registerOf(its);
      return { key, operations: its, register, search: createSearch(register.steps) };
    });
    const anomalies: Anomaly[] = [];
    let left = budget;
    for (let round = firstRound; open.length > 0 && left > 0; round *= growth) {
      open = open.filter((each) => {
        const before = each.search.tried;
        const end = each.search.run(Math.min(round, left));
        left -= each.search.tried - before;
        if (end.type === 'stuck') anomalies.push(anomalyFor(each, end));
        return end.type === 'open';
      });
    }
    if (anomalies.length > 0) return { type: 'violated', anomalies };
    const [first] = open;
    if (first === undefined) return { type: 'ok' };
    const others = open.length > 1 ? ` and ${open.length - 1} other keys` : '';
    return {
      type: 'unknown',
      reason: `no order of what was done to ${first.key}${others} was found or excluded within ${budget} steps`,
    };
  },
};

interface Open {
  readonly key: string;
  readonly operations: readonly RegisterOperation[];
  readonly register: Register;
  readonly search: Search;
}

/** So much of an order is shown. */
const shownMax = 12;

function anomalyFor(
  { key, operations, register }: Open,
  { stuck, dead }: Extract<SearchEnd, { readonly type: 'stuck' }>,
): Anomaly {
  const culprit = some(
    operations.find(({ id }) => id === stuck),
    'what is stuck is one of the operations',
  );
  const states = dead.map(({ state }) => register.valueOf(state));
  const order = (dead[0]?.order ?? []).slice(-shownMax);
  const words = wordsOfRegister(culprit);
  const possible = [...new Set(states.map((state) => state ?? 'nothing'))].join(' or ');
  return {
    name: nameOfStuck(culprit, operations),
    explanation:
      `operation ${stuck} of process ${culprit.process} on ${key} (${words}) fits nowhere: ` +
      `however all that had returned before it is ordered, ${key} holds ${possible} then`,
    operations: [...order, stuck],
    calls: [],
    watches: [],
    drawing: {
      type: 'linearization',
      order,
      stuck,
      states: states.map((state) => ({ state: state ?? 'nothing', excludes: words })),
    },
  };
}
