import type { Anomaly, Verdict } from './types.js';

/** An anomaly without a drawing. */
export function anomalyOf(
  name: string,
  explanation: string,
  ids: {
    readonly operations?: readonly number[];
    readonly calls?: readonly number[];
    readonly watches?: readonly number[];
  },
): Anomaly {
  const { operations = [], calls = [], watches = [] } = ids;
  return { name, explanation, operations, calls, watches, drawing: null };
}

/** More than these say nothing more. */
const anomaliesMax = 10;

export function verdictOf(anomalies: readonly Anomaly[]): Verdict {
  return anomalies.length === 0
    ? { type: 'ok' }
    : { type: 'violated', anomalies: anomalies.slice(0, anomaliesMax) };
}
