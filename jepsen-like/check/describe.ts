import type { Anomaly, Verdict } from '../checkers/index.js';
import type { Reading } from '../history/formats/index.js';
import type { History } from '../history/index.js';
import { lineOf, wordsOfCall, wordsOfWatch } from '../report/index.js';

/** Of one anomaly; more of them say little more. */
const evidenceMax = 16;

/** `history.edn: edn, 120 operations of 5 processes; left out: 3 sleep`. */
export function describeReading(name: string, { format, history, leftOut }: Reading): string {
  const { operations, calls, watches } = history;
  const processes = new Set([...operations, ...calls].map(({ process }) => process));
  const counts = [
    `${operations.length} operations`,
    ...(calls.length > 0 ? [`${calls.length} calls`] : []),
    ...(watches.length > 0 ? [`${watches.length} watches`] : []),
  ];
  const others = [...leftOut].map(([f, count]) => `${count} ${f}`).join(', ');
  return `${name}: ${format}, ${counts.join(', ')} of ${processes.size} processes${others === '' ? '' : `; left out: ${others}`}`;
}

/** The verdict, and for what cannot be the smallest explanation, with what was done and seen. */
export function describeVerdict(checker: string, verdict: Verdict, history: History): readonly string[] {
  switch (verdict.type) {
    case 'ok':
    case 'skipped':
      return [`  ${checker}: ${verdict.type}`];
    case 'unknown':
      return [`  ${checker}: UNKNOWN, nothing wrong was found, and nothing is proved: ${verdict.reason}`];
    case 'violated':
      return [
        `  ${checker}: VIOLATED`,
        ...verdict.anomalies.flatMap((anomaly) => describeAnomaly(anomaly, history)),
      ];
  }
}

function describeAnomaly(anomaly: Anomaly, history: History): readonly string[] {
  const { name, explanation, drawing } = anomaly;
  const evidence = evidenceOf(anomaly, history);
  const rest = evidence.length - evidenceMax;
  return [
    `    ${name}: ${explanation}`,
    ...(rest > 0 ? [`      … ${rest} before`] : []),
    ...evidence.slice(-evidenceMax).map((line) => `      ${line}`),
    ...(drawing?.type === 'watch'
      ? [`      expected: ${drawing.expected.join('; ')}`, `      came:     ${drawing.actual.join('; ')}`]
      : []),
  ];
}

function evidenceOf({ operations, calls, watches }: Anomaly, history: History): readonly string[] {
  return [
    ...operations.flatMap((id) => {
      const operation = history.operations[id];
      return operation === undefined ? [] : [`${timesOf(operation)}: ${lineOf(operation)}`];
    }),
    ...calls.flatMap((id) => {
      const call = history.calls[id];
      if (call === undefined) return [];
      const { action, result } = wordsOfCall(call);
      return [`call ${timesOf(call)}: ${action} → ${result}`];
    }),
    ...watches.flatMap((id) => {
      const log = history.watches.find((each) => each.id === id);
      return log === undefined ? [] : [`watch ${id}: ${wordsOfWatch(log)}`];
    }),
  ];
}

/** Its number, its process, and from when to when. */
function timesOf({
  id,
  process,
  invokedUs,
  completedUs,
}: Pick<History['operations'][number], 'id' | 'process' | 'invokedUs' | 'completedUs'>): string {
  return `${id} of process ${process}, ${invokedUs} to ${completedUs ?? '…'}`;
}
