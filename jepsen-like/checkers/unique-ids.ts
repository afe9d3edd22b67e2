import type { History } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import type { Anomaly, Checker } from './types.js';

/** Nobody is given an id that somebody else has. */
export const uniqueIds: Checker = {
  name: 'unique-ids',
  check({ operations }: History) {
    const anomalies: Anomaly[] = [];
    const owners = new Map<string, number>();
    let isConcerned = false;
    for (const operation of operations) {
      if (operation.kind !== 'unique-id') continue;
      isConcerned = true;
      if (operation.outcome.type !== 'ok') continue;
      const { id } = operation.outcome.value;
      const owner = owners.get(id);
      if (owner === undefined) owners.set(id, operation.id);
      else {
        const ids = { operations: [owner, operation.id] };
        anomalies.push(anomalyOf('an id twice', `“${id}” was given to two who asked for an id`, ids));
      }
    }
    return isConcerned ? verdictOf(anomalies) : { type: 'skipped' };
  },
};
