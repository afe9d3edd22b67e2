import type { History } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import type { Anomaly, Checker } from './types.js';

/** Money is neither made nor lost, and no account is overdrawn. The first total that was read is the right one. */
export const bank: Checker = {
  name: 'bank',
  check({ operations }: History) {
    const anomalies: Anomaly[] = [];
    let right: number | null = null;
    for (const operation of operations) {
      if (operation.kind !== 'balances' || operation.outcome.type !== 'ok') continue;
      const balances = Object.entries(operation.outcome.value.balances);
      const total = balances.reduce((sum, [, balance]) => sum + balance, 0);
      right ??= total;
      const ids = { operations: [operation.id] };
      if (total !== right) anomalies.push(anomalyOf('money', `the total was ${right} and is ${total}`, ids));
      const [overdrawn] = balances.find(([, balance]) => balance < 0) ?? [];
      if (overdrawn !== undefined)
        anomalies.push(anomalyOf('overdrawn account', `account ${overdrawn} holds less than nothing`, ids));
    }
    return right === null ? { type: 'skipped' } : verdictOf(anomalies);
  },
};
