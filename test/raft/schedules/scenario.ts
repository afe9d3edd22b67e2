import { parseStep, printStep } from './step.js';
import type { Step } from './step.js';

/** The cluster that a schedule runs on. Plain numbers, each of which shrinks towards its least. */
export interface Scenario {
  /** Gives every node its randomness. */
  readonly seed: number;
  /** Nodes that exist, 3 to 7; those that are neither voters nor learners at first may be added. */
  readonly members: number;
  readonly voters: number;
  readonly learners: number;
  /**
   * Where the log begins. 0: every node starts with the first configuration. More: only the first members know
   * it, from a snapshot at this index; the others start empty and need one.
   */
  readonly genesis: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly inflightMessages: number;
  readonly appendBytes: number;
  readonly uncommittedBytes: number;
}

export interface Schedule {
  readonly scenario: Scenario;
  readonly steps: readonly Step[];
}

/** The least (simplest) value of each number. */
export const simplestScenario: Scenario = {
  seed: 0,
  members: 3,
  voters: 3,
  learners: 0,
  genesis: 0,
  electionTicks: 3,
  heartbeatTicks: 1,
  inflightMessages: 1,
  appendBytes: 1,
  uncommittedBytes: 64,
};

/** A schedule as text: one line of settings, then a line a step. `parseSchedule` reads it back. */
export function printSchedule(schedule: Schedule): string {
  const settings = Object.entries(schedule.scenario).map(([name, value]) => `${name}=${String(value)}`);
  return [settings.join(' '), ...schedule.steps.map(printStep)].join('\n');
}

/** Empty lines and lines that begin with # are skipped. Throws an Error that names the line it cannot read. */
export function parseSchedule(text: string): Schedule {
  const lines = text.split('\n').map((line) => line.trim());
  const [settings = '', ...steps] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const scenario: Record<string, number> = { ...simplestScenario };
  for (const setting of settings.split(/\s+/)) {
    const [name = '', value] = setting.split('=');
    if (!Object.hasOwn(simplestScenario, name)) throw new Error(`no such setting: ${setting}`);
    scenario[name] = Number(value);
  }
  return { scenario: { ...simplestScenario, ...scenario }, steps: steps.map(parseStep) };
}
