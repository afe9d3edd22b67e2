import type { History } from '../../history/index.js';
import { verdictOf } from '../anomaly.js';
import type { Anomaly, Checker, Verdict } from '../types.js';
import { anomaliesOfCycles } from './classes.js';
import { createGraph } from './graph.js';
import { addLists } from './lists.js';
import { addRealTime } from './realtime.js';
import { addRegisters } from './registers.js';

/**
 * Transactions over lists and over registers: from what they read follows who came before whom. A cycle is an order that cannot be, and is
 * named as by Adya (1999) and Elle (Kingsbury and Alvaro 2020): G0, G1c, G-single, G2-item, and `-realtime` if it takes the clock to close
 * it. Besides: aborted, intermediate and garbage reads, and transactions at odds with themselves.
 */
export const cycles: Checker = {
  name: 'cycles',
  check({ operations }: History): Verdict {
    const all = operations.filter(({ kind }) => kind === 'append' || kind === 'registers');
    if (all.length === 0) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    const graph = createGraph();
    for (const { ambiguous } of [addLists(all, graph, anomalies), addRegisters(all, graph, anomalies)]) {
      if (ambiguous === null) continue;
      const { key, value } = ambiguous;
      const reason = `${value} was written to ${key} more than once: who read whom cannot be told`;
      return { type: 'unknown', reason };
    }
    const timed = all
      .filter(({ outcome }) => outcome.type !== 'failed')
      .map((each) => ({ ...each, isKnown: each.outcome.type === 'ok' }));
    const why = 'ended before the other began';
    addRealTime(timed, (early, late) =>
      graph.add(early, { to: late, kind: 'realtime', isTimed: true, key: '', why }),
    );
    return verdictOf([...anomalies, ...anomaliesOfCycles(graph)]);
  },
};
