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

/** Of many anomalies some, and of each name one. */
export function verdictOf(anomalies: readonly Anomaly[]): Verdict {
  if (anomalies.length === 0) return { type: 'ok' };
  const names = new Set<string>();
  const isFirst = ({ name }: Anomaly): boolean => !names.has(name) && names.add(name).size > 0;
  const firsts = anomalies.filter(isFirst);
  const others = anomalies.filter((anomaly) => !firsts.includes(anomaly));
  return { type: 'violated', anomalies: [...firsts, ...others].slice(0, anomaliesMax) };
}
