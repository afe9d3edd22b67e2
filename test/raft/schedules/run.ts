import * as fc from 'fast-check';
import { InvariantError } from '../../../src/base/index.js';
import { Cluster } from './cluster.js';
import type { Build } from './build.js';
import { ScheduleArbitrary } from './generate.js';
import { checkLiveness } from './liveness.js';
import type { Marks } from './marks.js';
import { perform } from './perform.js';
import { printSchedule } from './scenario.js';
import type { Schedule } from './scenario.js';
import { Violation } from './violation.js';

export interface RunOptions {
  readonly marks: Marks;
  readonly build?: Build;
  readonly tell?: (line: string) => void;
  /** Leaves out the healing at the end: what a bug does to safety then shows, even where it costs progress as well. */
  readonly onlySafety?: boolean;
}

/** Runs one schedule: the faults, each step checked, and then the healing. Throws what went wrong. */
export function runSchedule(schedule: Schedule, options: RunOptions): void {
  const { marks, build, tell } = options;
  const { scenario, steps } = schedule;
  const cluster = new Cluster({ scenario, marks, ...(build && { build }), ...(tell && { tell }) });
  for (const step of steps) perform(cluster, step);
  if (options.onlySafety !== true) checkLiveness(cluster);
}

export interface SearchOptions extends RunOptions {
  readonly seed: number;
  readonly schedules: number;
  /** From a report: goes straight to that schedule and no further. */
  readonly path?: string;
}

/** A schedule that failed, shrunk; `seed` and `path` lead to it again. */
export interface Failure {
  readonly schedule: Schedule;
  readonly seed: number;
  readonly path: string;
  readonly error: Error;
}

/** Runs random schedules until one fails, and shrinks that one. Null if none did. */
export function findFailure(options: SearchOptions): Failure | null {
  const { seed, schedules, path } = options;
  let kind: string | null = null;
  const property = fc.property(new ScheduleArbitrary(), (schedule) => {
    try {
      runSchedule(schedule, options);
    } catch (error) {
      // Shrinking must not slip from one failure into another.
      kind ??= kindOf(error);
      if (kindOf(error) === kind) throw error;
    }
  });
  const details = fc.check(property, { seed, numRuns: schedules, ...(path !== undefined && { path }) });
  if (!details.failed) return null;
  const [schedule] = details.counterexample ?? [];
  if (schedule === undefined) throw new Error('the search was cut short');
  const { errorInstance, counterexamplePath } = details;
  const error = errorInstance instanceof Error ? errorInstance : new Error(String(errorInstance));
  return { schedule, seed, path: counterexamplePath ?? '', error };
}

/** What broke: a property, or the fixed sentence of the core's assertion. */
export function kindOf(error: unknown): string {
  if (error instanceof Violation) return error.property;
  return error instanceof InvariantError ? `InvariantError: ${error.message}` : String(error);
}

/** The story of a failing schedule, each step with all that it led to. */
export function tellStory(schedule: Schedule, options: RunOptions): string {
  const lines: string[] = [];
  try {
    runSchedule(schedule, { ...options, tell: (line) => lines.push(line) });
  } catch (error) {
    lines.push(`! ${String(error)}`);
  }
  return lines.join('\n');
}

/** What went wrong, the shrunk schedule, and how to see it again. `command` replays it by seed and path. */
export function printFailure(failure: Failure, command: string): string {
  const { schedule, seed, path, error } = failure;
  return [
    error.stack ?? error.message,
    '',
    'The shrunk schedule:',
    printSchedule(schedule),
    '',
    `Replay it: RAFT_SEED=${String(seed)} RAFT_PATH=${path} ${command}`,
    'Or save it as a file and see its whole story:',
    '  RAFT_SCHEDULE=<file> npx vitest run test/raft/schedules/replay.test.ts',
  ].join('\n');
}
