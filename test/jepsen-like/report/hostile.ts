import type { ReportOptions } from '../../../jepsen-like/report/index.js';
import { sampleReport } from './sample.js';

/** Ends scripts, attributes and comments, begins elements, and turns the direction of writing. */
export const hostile =
  '</script><img src=x onerror="globalThis.harmed=1">\'"`${1}--><b>&amp;\u202e\u2066\u0000\ud800 $& $1';

/** The usual sample with something hostile wherever a history, a verdict or an anomaly holds text. */
export function hostileReport(): ReportOptions {
  const { history, verdicts } = sampleReport({
    ...{ seed: 7, operations: 800, clients: 4, durationUs: 40_000_000, withAnomalies: true },
  });
  const { operations, calls, watches, faults, members } = history;
  const bad = { type: 'unknown', error: hostile } as const;
  return {
    title: hostile,
    history: {
      ...history,
      system: hostile,
      replay: hostile,
      plan: `plan {"seed":7}\n${hostile}`,
      operations: operations.map((operation) =>
        operation.kind === 'write'
          ? {
              ...operation,
              key: hostile,
              value: hostile,
              outcome: operation.id % 2 === 0 ? bad : operation.outcome,
            }
          : operation,
      ),
      calls: calls.map((call) => ({ ...call, member: hostile })),
      watches: watches.map((watch) => ({ ...watch, key: hostile, member: hostile })),
      faults: faults.map((fault) => ({ ...fault, kind: hostile, text: hostile })),
      members: members.map((note) => (note.member === 'm1' ? { ...note, member: hostile } : note)),
    },
    verdicts: [
      ...verdicts.map(({ verdict }) => ({ checker: hostile, verdict })),
      { checker: 'another', verdict: { type: 'unknown', reason: hostile } },
      {
        checker: 'all of it',
        verdict: {
          type: 'violated',
          anomalies: [
            {
              ...{ name: hostile, explanation: hostile, operations: [1, 2], calls: [1], watches: [0] },
              drawing: { type: 'watch', watch: 0, expected: [hostile, hostile], actual: [hostile], at: 0 },
            },
            {
              ...{ name: hostile, explanation: hostile, operations: [1, 2], calls: [], watches: [] },
              drawing: {
                type: 'cycle',
                edges: [
                  { from: 1, to: 2, kind: hostile, why: hostile },
                  { from: 2, to: 1, kind: hostile, why: hostile },
                ],
              },
            },
            {
              ...{ name: hostile, explanation: hostile, operations: [3], calls: [], watches: [] },
              drawing: {
                ...{ type: 'linearization', order: [1, 2], stuck: 3 },
                states: [{ state: hostile, excludes: hostile }],
              },
            },
          ],
        },
      },
    ],
  };
}
