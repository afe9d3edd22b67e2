import type { Checker, Verdict } from '../checkers/index.js';
import { readHistory } from '../history/formats/index.js';
import type { Reading, ReadOptions } from '../history/formats/index.js';
import { describeReading, describeVerdict } from './describe.js';

export interface CheckResult {
  readonly reading: Reading;
  readonly verdicts: readonly { readonly checker: string; readonly verdict: Verdict }[];
  /** For people. */
  readonly lines: readonly string[];
  readonly code: ExitCode;
}

/** 0 nothing wrong, 1 something cannot be, 2 bad input, 3 not everything could be judged. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface CheckFileOptions extends ReadOptions {
  readonly checkers: readonly Checker[];
  readonly budget: number;
}

/** Errors: FormatError. */
export function checkText(name: string, text: string, options: CheckFileOptions): CheckResult {
  const reading = readHistory(text, options);
  const verdicts = options.checkers.map((checker) => ({
    checker: checker.name,
    verdict: checker.check(reading.history, { steps: options.budget }),
  }));
  const judged = verdicts.filter(({ verdict }) => verdict.type !== 'skipped');
  const lines = [
    describeReading(name, reading),
    ...judged.flatMap(({ checker, verdict }) => describeVerdict(checker, verdict, reading.history)),
    ...(judged.length === 0 ? ['  no checker has anything to say about it'] : []),
  ];
  return { reading, verdicts, lines, code: codeOf(judged.map(({ verdict }) => verdict)) };
}

function codeOf(verdicts: readonly Verdict[]): ExitCode {
  if (verdicts.some(({ type }) => type === 'violated')) return 1;
  return verdicts.length === 0 || verdicts.some(({ type }) => type === 'unknown') ? 3 : 0;
}

const gravity: readonly ExitCode[] = [0, 3, 1, 2];

/** Of several files. */
export function gravest(codes: readonly ExitCode[]): ExitCode {
  return codes.reduce<ExitCode>(
    (worst, code) => (gravity.indexOf(code) > gravity.indexOf(worst) ? code : worst),
    0,
  );
}
