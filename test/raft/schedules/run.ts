import * as fc from 'fast-check';
import { Cluster } from './cluster.js';
import type { Build } from './build.js';
import { ScheduleArbitrary } from './generate.js';
import { checkLiveness } from './liveness.js';
import type { Marks } from './marks.js';
import { printSchedule } from './scenario.js';
import type { Schedule } from './scenario.js';

export interface RunOptions {
  readonly marks: Marks;
  readonly build?: Build;
  readonly tell?: (line: string) => void;
}

/** Runs one schedule: the faults, each step checked, and then the healing. Throws what went wrong. */
export function runSchedule(schedule: Schedule, options: RunOptions): void {
  const { marks, build, tell } = options;
  const { scenario, steps } = schedule;
  const cluster = new Cluster({ scenario, marks, ...(build && { build }), ...(tell && { tell }) });
  for (const step of steps) cluster.perform(step);
  checkLiveness(cluster);
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
  const property = fc.property(new ScheduleArbitrary(), (schedule) => {
    runSchedule(schedule, options);
  });
  const details = fc.check(property, { seed, numRuns: schedules, ...(path !== undefined && { path }) });
  if (!details.failed) return null;
  const [schedule] = details.counterexample ?? [];
  if (schedule === undefined) throw new Error('the search was cut short');
  const { errorInstance, counterexamplePath } = details;
  const error = errorInstance instanceof Error ? errorInstance : new Error(String(errorInstance));
  return { schedule, seed, path: counterexamplePath ?? '', error };
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
