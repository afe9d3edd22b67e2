import { QuorateError, seededRandom } from '../../src/base/index.js';
import { workloads } from '../workloads/index.js';
import type { Workload } from '../workloads/index.js';
import { possibleFaults } from './abilities.js';
import { Interrupted } from './bounded.js';
import { findSystem } from './machines/index.js';
import type { SystemName } from './machines/index.js';
import { emptyTotals, summarize, take } from './outcome.js';
import type { LiveOutput, OutcomeFiles } from './outcome.js';
import { drawLivePlan, liveFaultKinds } from './plan.js';
import type { LiveFaultKind } from './plan.js';
import { runRound } from './round.js';

export interface LiveOptions extends OutcomeFiles {
  readonly system: SystemName;
  readonly members: number;
  readonly minutes: number;
  /** At most so many runs. */
  readonly seeds: number;
  readonly firstSeed: number;
  /** Names; empty: by chance, of all. */
  readonly workloads: readonly string[];
  /** Names; empty: by chance, of all; `none` alone: none. */
  readonly nemeses: readonly string[];
  /** Of all clients together. */
  readonly actionsPerSecond: number;
  /** Of faults in each run. */
  readonly durationMs: number;
  readonly usesNamespaces: boolean;
}

export interface LiveResult {
  /** Runs that found something. */
  readonly failures: number;
  readonly interrupted: boolean;
}

/**
 * Tortures clusters of real processes, one run after the other, until the time is over. Errors: `invalid-configuration`, for people, when a
 * name is wrong or the system is not there; anything else is a failure of the kit.
 */
export async function runLive(
  options: LiveOptions,
  output: LiveOutput,
  signal: AbortSignal,
): Promise<LiveResult> {
  if (process.platform !== 'linux')
    throw new QuorateError(
      'invalid-configuration',
      '--live needs Linux: the proxies learn from /proc who connects',
    );
  const { usesNamespaces, firstSeed, seeds, minutes } = options;
  const system = await findSystem(options.system);
  const wished = nemesesOf(options.nemeses);
  const tell = (line: string): void => output.tell(line);
  const nemeses = await possibleFaults(wished, system, usesNamespaces, tell);
  const chosen = workloadsOf(options.workloads);
  const totals = emptyTotals();
  const limitMs = seeds === Infinity ? minutes * 60_000 : Infinity;
  const beganMs = performance.now();
  output.tell(
    `${system.title}, ${options.members} members, ${usesNamespaces ? 'network namespaces' : 'proxies'}, seeds from ${firstSeed} on`,
  );
  let interrupted = false;
  for (let seed = firstSeed; seed < firstSeed + seeds && performance.now() - beganMs < limitMs; seed++) {
    const plan = drawLivePlan(seededRandom(seed), {
      seed,
      members: options.members,
      durationMs: options.durationMs,
      actionsPerSecond: options.actionsPerSecond,
      workloads: chosen,
      isFixed: options.workloads.length > 0 && options.nemeses.length > 0,
      nemeses,
    });
    try {
      const replay = replayOf(options, seed);
      const show = (text: string): void => output.show(`seed ${seed}: ${text}`);
      const result = await runRound({ plan, system, usesNamespaces, replay, signal, tell, onProgress: show });
      await take(result, totals, options, output);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      interrupted = true;
      break;
    }
  }
  summarize(totals, output);
  return { failures: totals.failures, interrupted };
}

function nemesesOf(names: readonly string[]): readonly LiveFaultKind[] {
  if (names.length === 0) return liveFaultKinds;
  if (names.length === 1 && names[0] === 'none') return [];
  return names.map((name) => {
    const kind = liveFaultKinds.find((each) => each === name);
    if (kind !== undefined) return kind;
    throw unknownName('nemesis', name, liveFaultKinds);
  });
}

function workloadsOf(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return workloads;
  return names.map((name) => {
    const workload = workloads.find((each) => each.name === name);
    if (workload !== undefined) return workload;
    throw unknownName(
      'workload',
      name,
      workloads.map((each) => each.name),
    );
  });
}

function unknownName(what: string, name: string, known: readonly string[]): QuorateError {
  return new QuorateError(
    'invalid-configuration',
    `no ${what} is called ${name}: there are ${known.join(', ')}`,
  );
}

function replayOf(options: LiveOptions, seed: number): string {
  const flags = [
    `--live --system ${options.system} --seed ${seed} --seeds 1`,
    ...(options.members === 3 ? [] : [`--members ${options.members}`]),
    ...(options.workloads.length === 0 ? [] : [`--workloads ${options.workloads.join(',')}`]),
    ...(options.nemeses.length === 0 ? [] : [`--nemeses ${options.nemeses.join(',')}`]),
    ...(options.actionsPerSecond === 100 ? [] : [`--rate ${options.actionsPerSecond}`]),
    ...(options.durationMs === 20_000 ? [] : [`--seconds ${options.durationMs / 1000}`]),
    ...(options.usesNamespaces ? ['--netns'] : []),
  ];
  return `npm run torture -- ${flags.join(' ')}`;
}
