import { some } from '../../src/base/index.js';
import { checkers } from '../checkers/index.js';
import type { Verdict } from '../checkers/index.js';
import type { History } from '../history/index.js';
import { printPlan } from '../plan/index.js';
import type { ActionStep, Plan } from '../plan/index.js';
import { createWorld, Violation } from '../simulator/index.js';
import type { Host, World } from '../simulator/index.js';
import { CallError, createRecorder, createSession } from '../store/index.js';
import type { Recorder } from '../store/index.js';
import { createClient, workloads } from '../workloads/index.js';
import type { ChurnControl, RunningClient, Workload } from '../workloads/index.js';
import { defaultLimits } from '../../src/member/index.js';
import { demandCore } from './core-phase.js';
import { createNemesis } from './faults.js';
import type { Nemesis } from './faults.js';
import { createMarks } from './marks.js';
import {
  belonging,
  createChurnControl,
  demandFarewells,
  haveQuorum,
  saysRemoved,
  soundOnes,
} from './membership.js';
import { watchProgress } from './progress-of-run.js';
import { compareReplicas, isLevel } from './replicas.js';

/** What came of a plan. */
export interface RunResult {
  /** A broken invariant, no progress after healing, or replicas that differ; null: none. */
  readonly violation: Violation | null;
  readonly verdicts: readonly { readonly checker: string; readonly verdict: Verdict }[];
  readonly history: History;
  /** Equal for equal runs. */
  readonly hash: string;
  readonly simulatedMs: number;
  readonly stepCount: number;
  readonly faults: ReadonlyMap<string, number>;
  /** Rare states by name, and how often they were reached: see marks.ts. */
  readonly marks: ReadonlyMap<string, number>;
}

const requestTimeoutMs = 3000;
const waitTimeoutMs = 10_000;
/** Actions of a client that wait behind one that takes long; more are left out. */
const queuedActionsMax = 100;
const startLimitMs = 60_000;
const finishLimitMs = 120_000;

/** Runs a plan in a world of its own: under faults, then healed, then once more from what the disks hold. */
export async function runPlan(plan: Plan): Promise<RunResult> {
  const marks = createMarks();
  const world = createWorld({
    logger: marks.logger,
    seed: plan.seed,
    members: plan.members,
    diskFactor: plan.diskFactor,
    config: {
      heartbeatIntervalMs: plan.heartbeatIntervalMs,
      electionTimeoutMs: plan.electionTimeoutMs,
      snapshotCount: plan.snapshotCount,
      limits: { ...defaultLimits, catchUpEntries: plan.catchUpEntries },
    },
  });
  const recorder = createRecorder(() => world.agenda.nowUs);
  const nemesis = createNemesis(world);
  let violation: Violation | null = null;
  try {
    await perform(plan, world, recorder, nemesis);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
  }
  const history: History = {
    format: 'quorate-history-1',
    system: 'quorate (simulated)',
    replay: `npm run torture -- --replay ${plan.seed}`,
    plan: printPlan(plan),
    ...recorder.history(),
    faults: nemesis.notes,
    members: world.notes,
  };
  marks.look(history);
  const verdicts = checkers.map((checker) => ({ checker: checker.name, verdict: checker.check(history) }));
  return {
    violation,
    verdicts,
    history,
    hash: world.trace.hash,
    simulatedMs: world.nowMs,
    stepCount: world.stepCount,
    faults: nemesis.counts,
    marks: marks.counts,
  };
}

/** Whether something is wrong: a violation, or a checker that blames. */
export function isBad({ violation, verdicts }: Pick<RunResult, 'violation' | 'verdicts'>): boolean {
  return violation !== null || verdicts.some(({ verdict }) => verdict.type === 'violated');
}

async function perform(plan: Plan, world: World, recorder: Recorder, nemesis: Nemesis): Promise<void> {
  const progress = watchProgress(world, nemesis);
  for (const name of world.hosts.keys()) world.start(name);
  await progress.demand('a leader at the start', () => world.leader !== null, startLimitMs);

  const churn = createChurnControl(world, plan.members);
  const clients = createClients(plan, world, recorder, churn);
  await progress.complete('preparations', prepare(plan, clients), startLimitMs);

  const baseUs = world.agenda.nowUs;
  for (const step of plan.steps) {
    world.agenda.at(baseUs + step.atMs * 1000, () => {
      if (step.type === 'fault') nemesis.perform(step.fault);
      else clients[step.client]?.queue(step);
    });
  }
  await progress.pass(plan.durationMs);

  nemesis.heal();
  const sound = (): readonly Host[] => soundOnes(world, nemesis);
  const areBack = (): boolean => sound().every((host) => host.member !== null || saysRemoved(host));
  await progress.demand('members that are back after healing', areBack);
  // One that is damaged may refuse to run. Beyond a quorum's reach, all that is left is to halt: the checkers see that nobody lied.
  if (nemesis.damaged.size > 0 && !haveQuorum(world, sound())) {
    for (const { client } of clients) client.abandon();
    await progress.pass(requestTimeoutMs);
    return;
  }
  if (nemesis.damaged.size === 0) await demandCore(plan, world, progress, () => probe(world, recorder));
  await progress.demand('a leader after healing', () => world.leader !== null);
  await progress.complete('a write after healing', probe(world, recorder));
  await progress.complete('the ends of all clients', end(plan, clients), finishLimitMs);
  await progress.demand('members that are level', () => isLevel(sound()));
  await compareReplicas(sound, progress);
  await demandFarewells(world, nemesis, progress);

  // What the disks hold is all there is: a damaged one that serves again must hold the same.
  for (const host of world.hosts.values()) host.powerCut();
  for (const host of world.hosts.values()) world.start(host.name);
  const level = 'members that are level after a restart of all';
  await progress.demand(level, () => isLevel(sound()));
  const healthy = (): readonly Host[] => belonging(world).filter((host) => host.member !== null);
  await progress.demand(level, () => isLevel(healthy()));
  await compareReplicas(healthy, progress);
}

// --- Clients ----------------------------------------------------------------------------------------------------------

interface QueuedClient {
  readonly client: RunningClient;
  readonly workload: Workload;
  readonly queue: (step: ActionStep) => void;
  /** Resolves when nothing is queued. */
  readonly idle: () => Promise<void>;
}

function createClients(
  plan: Plan,
  world: World,
  recorder: Recorder,
  churn: ChurnControl,
): readonly QueuedClient[] {
  return Array.from({ length: plan.clients }, (_, number) => {
    const name = some(plan.workloads[number % plan.workloads.length], 'a workload for every client');
    const workload = some(
      workloads.find((each) => each.name === name),
      `a workload called ${name}`,
    );
    const client = createClient({
      number,
      transport: world.transportOf(`c${number}`),
      recorder,
      home: number,
      timeoutMs: requestTimeoutMs,
      waitTimeoutMs,
      churn,
      clock: {
        nowUs: () => world.agenda.nowUs,
        sleep: (ms) =>
          new Promise((resolve) => void world.agenda.at(world.agenda.nowUs + ms * 1000, resolve)),
      },
    });
    let queued = 0;
    let tail: Promise<void> = Promise.resolve();
    return {
      client,
      workload,
      queue(step) {
        if (queued >= queuedActionsMax) return;
        queued += 1;
        tail = tail.then(async () => {
          queued -= 1;
          if (!client.isEnding) await workload.perform(step.action, client);
        });
        tail.catch(() => undefined); // Told by `idle`.
      },
      idle: () => tail,
    };
  });
}

/** One client of each workload makes ready what it needs. */
async function prepare({ workloads: names, keys }: Plan, clients: readonly QueuedClient[]): Promise<void> {
  for (const { client, workload } of clients.slice(0, names.length))
    await workload.prepare?.(client, { keys });
}

async function end({ keys }: Plan, clients: readonly QueuedClient[]): Promise<void> {
  await Promise.all(
    clients.map(async ({ client, workload, idle }) => {
      const ended = client.end();
      await idle();
      await ended;
      await workload.finish?.(client, { keys });
    }),
  );
}

/** Some member takes a write, if it is asked again and again. */
async function probe(world: World, recorder: Recorder): Promise<void> {
  const transport = world.transportOf('probe');
  const session = createSession({ transport, recorder, home: 0, timeoutMs: requestTimeoutMs, waitTimeoutMs });
  for (let tries = 1; ; tries++) {
    try {
      await session.request<'put'>({ type: 'put', key: 'probe', value: String(tries), lease: '0' });
      return;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (error.message.includes('user')) return; // Users are needed: somebody answered.
      if (!error.isConnection) session.moveOn(); // Otherwise it has done so itself.
      session.renew();
      await new Promise<void>((resolve) => void world.agenda.at(world.agenda.nowUs + 100_000, resolve));
    }
  }
}
