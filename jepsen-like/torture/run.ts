import { some } from '../../src/base/index.js';
import { checkers } from '../checkers/index.js';
import type { Verdict } from '../checkers/index.js';
import type { History } from '../history/index.js';
import { printPlan } from '../plan/index.js';
import type { ActionStep, Plan } from '../plan/index.js';
import { createWorld, memberOf, Violation } from '../simulator/index.js';
import type { Host, World } from '../simulator/index.js';
import { CallError, createRecorder, createSession } from '../store/index.js';
import type { Recorder } from '../store/index.js';
import { createClient, workloads } from '../workloads/index.js';
import type { RunningClient, Workload } from '../workloads/index.js';
import { defaultLimits } from '../../src/member/index.js';
import { createNemesis } from './faults.js';
import type { Nemesis } from './faults.js';
import { createMarks } from './marks.js';

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
/** Within this after the last fault: a leader, an acknowledged write, and all members level. */
const healLimitMs = 60_000;
const finishLimitMs = 120_000;

/** Runs a plan in a world of its own: under faults, then healed, then once more from what the disks hold. */
export async function runPlan(plan: Plan): Promise<RunResult> {
  const marks = createMarks();
  const world = createWorld({
    logger: marks.logger,
    seed: plan.seed,
    members: plan.members,
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

  const clients = createClients(plan, world, recorder);
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
  // One that is damaged may refuse to run. Beyond a quorum's reach, all that is left is to halt: the checkers see that nobody lied.
  const sound = [...world.hosts.values()].filter((host) => !nemesis.damaged.has(host));
  if (2 * sound.length <= world.hosts.size) {
    for (const { client } of clients) client.abandon();
    await progress.pass(requestTimeoutMs);
    return;
  }
  await progress.demand('a leader after healing', () => world.leader !== null, healLimitMs);
  await progress.complete('a write after healing', probe(world, recorder), healLimitMs);
  await progress.complete('the ends of all clients', end(plan, clients), finishLimitMs);
  await progress.demand('members that are level', () => isLevel(sound), healLimitMs);
  await compareReplicas(sound, progress);

  // What the disks hold is all there is: a damaged one that serves again must hold the same.
  for (const host of world.hosts.values()) host.powerCut();
  for (const host of world.hosts.values()) world.start(host.name);
  const level = 'members that are level after a restart of all';
  await progress.demand(level, () => isLevel(sound), healLimitMs);
  const healthy = (): readonly Host[] => [...world.hosts.values()].filter((host) => host.member !== null);
  await progress.demand(level, () => isLevel(healthy()), healLimitMs);
  await compareReplicas(healthy(), progress);
}

// --- Clients ----------------------------------------------------------------------------------------------------------

interface QueuedClient {
  readonly client: RunningClient;
  readonly workload: Workload;
  readonly queue: (step: ActionStep) => void;
  /** Resolves when nothing is queued. */
  readonly idle: () => Promise<void>;
}

function createClients(plan: Plan, world: World, recorder: Recorder): readonly QueuedClient[] {
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
      session.moveOn();
      session.renew();
      await new Promise<void>((resolve) => void world.agenda.at(world.agenda.nowUs + 100_000, resolve));
    }
  }
}

// --- Progress ---------------------------------------------------------------------------------------------------------

interface Progress {
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  demand(what: string, until: () => boolean, limitMs: number): Promise<void>;
  complete<T>(what: string, work: Promise<T>, limitMs: number): Promise<T>;
}

/** Lets time pass, and looks whether members end that have no reason to. */
function watchProgress(world: World, nemesis: Nemesis): Progress {
  const seen = new Set<Error>();

  function lookForEnds(): void {
    for (const host of world.hosts.values()) {
      const { fatal } = host;
      if (fatal === null || seen.has(fatal)) continue;
      seen.add(fatal);
      world.trace.text(fatal.message);
      if (nemesis.damaged.has(host)) continue;
      if (nemesis.mayFail(host) && !fatal.name.includes('Invariant')) continue;
      throw new Violation('no member ends without a reason', `${host.name}: ${fatal.stack ?? fatal.message}`);
    }
  }

  async function demand(what: string, until: () => boolean, limitMs: number): Promise<void> {
    const reached = await world.run(() => {
      lookForEnds();
      return until();
    }, limitMs);
    if (!reached) throw new Violation('liveness', `${what}: not within ${limitMs} ms${stateOf(world)}`);
  }

  return {
    async pass(ms) {
      await world.run(() => {
        lookForEnds();
        return false;
      }, ms);
    },
    demand,
    async complete(what, work, limitMs) {
      let isDone = false;
      const done = (): void => void (isDone = true);
      work.then(done, done);
      await demand(what, () => isDone, limitMs);
      return work;
    },
  };
}

function stateOf(world: World): string {
  return [...world.hosts.values()]
    .map((host) => {
      const status = host.member?.status();
      const state =
        status === undefined
          ? `down (${host.fatal?.message ?? 'no reason given'})`
          : `${status.role} of term ${status.term}, applied ${status.appliedIndex} of ${status.commitIndex}`;
      return `; ${host.name}: ${state}`;
    })
    .join('');
}

// --- Replicas ---------------------------------------------------------------------------------------------------------

function isLevel(hosts: readonly Host[]): boolean {
  if (hosts.some((host) => host.member === null)) return false;
  const statuses = hosts.map((host) => memberOf(host).status());
  const [first] = statuses;
  return statuses.every(
    (status) => status.appliedIndex === first?.appliedIndex && status.commitIndex === status.appliedIndex,
  );
}

async function hashes(hosts: readonly Host[], progress: Progress): Promise<ReadonlyMap<Host, string>> {
  const found = new Map<Host, string>();
  for (const host of hosts) {
    const { maintenance, leases } = memberOf(host);
    const { hash, hashRevision, compactRevision } = await progress.complete(
      'a hash',
      maintenance.hashKv(0),
      healLimitMs,
    );
    const ids = await progress.complete('a list of leases', leases.list(), healLimitMs);
    found.set(host, `${hash} at ${hashRevision}, compacted ${compactRevision}, leases ${ids.join()}`);
  }
  return found;
}

/** Leases run out meanwhile: compared at equal indexes only. */
async function compareReplicas(hosts: readonly Host[], progress: Progress): Promise<void> {
  const index = (): string => hosts.map((host) => memberOf(host).status().appliedIndex).join();
  for (;;) {
    await progress.demand('members that are level', () => isLevel(hosts), healLimitMs);
    const before = index();
    const found = await hashes(hosts, progress);
    if (index() !== before || !isLevel(hosts)) continue;
    if (new Set(found.values()).size > 1) {
      const told = [...found].map(([host, hash]) => `${host.name}: ${hash}`).join('; ');
      throw new Violation('replicas agree', told);
    }
    return;
  }
}
