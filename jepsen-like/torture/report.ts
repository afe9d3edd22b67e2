import type { Verdict } from '../checkers/index.js';
import { writeReport } from '../report/index.js';
import type { ReportOptions } from '../report/index.js';
import type { RunResult } from './run.js';

/** What a report says of a run beyond what the run says itself. */
export interface ReportWords {
  /** For people: `torture, seed 7, shrunk to 5 of 2036 steps`. */
  readonly title: string;
  /** What does it again. */
  readonly replay: string;
}

/** What a report is made of. An invariant that was broken stands among the verdicts: the run ended over it. */
export function reportOf(
  {
    history,
    verdicts,
    violation,
    simulatedMs,
  }: Pick<RunResult, 'history' | 'verdicts' | 'violation' | 'simulatedMs'>,
  { title, replay }: ReportWords,
): ReportOptions {
  const invariants: Verdict =
    violation === null
      ? { type: 'ok' }
      : {
          type: 'violated',
          anomalies: [
            {
              ...{ name: violation.invariant, explanation: violation.detail, atUs: simulatedMs * 1000 },
              ...{ operations: [], calls: [], watches: [], drawing: null },
            },
          ],
        };
  return {
    history: { ...history, replay },
    verdicts: [{ checker: 'invariants', verdict: invariants }, ...verdicts],
    title,
  };
}

/** Errors: those of the file system. */
export async function writeReportOf(file: string, result: RunResult, words: ReportWords): Promise<void> {
  await writeReport(file, reportOf(result, words));
  console.log(`report: ${file}`);
}
