import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterMember, ExitEvent } from '../../cluster/index.js';
import { messageOf } from '../../src/base/index.js';
import { checkers } from '../checkers/index.js';
import type { Verdict } from '../checkers/index.js';
import type { History } from '../history/index.js';
import { CallError } from '../store/index.js';
import type { Session } from '../store/index.js';
import { LiveViolation, pause, within } from './bounded.js';
import { gather } from './cast.js';
import type { Cast } from './cast.js';
import { mergeHistories } from './clients/index.js';
import type { ClientProcess } from './clients/index.js';
import type { Machine, System } from './machines/index.js';
import { printLivePlan } from './plan.js';
import type { LivePlan } from './plan.js';
import { compareReplicas } from './replicas.js';
import { openStage } from './stage.js';

export interface RoundOptions {
  readonly plan: LivePlan;
  readonly system: System;
  readonly usesNamespaces: boolean;
  /** How to do the like again. */
  readonly replay: string;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
  readonly onProgress: (text: string) => void;
}

export interface RoundResult {
  readonly plan: LivePlan;
  readonly history: History;
  readonly verdicts: readonly { readonly checker: string; readonly verdict: Verdict }[];
  /** A promise broken outside of what checkers look at; null: none. */
  readonly violation: LiveViolation | null;
  /** Where all of it lies, if something is wrong; null: removed. */
  readonly folder: string | null;
}

const startLimitMs = 60_000;
/** After the last fault: all members serve, and a write is acknowledged. */
const healLimitMs = 60_000;
const finishLimitMs = 120_000;
const levelLimitMs = 30_000;
const saveLimitMs = 20_000;
const progressMs = 250;

/**
 * One run: members and clients start, faults come, all heals, progress is demanded, the replicas are compared, and the checkers look at what
 * the clients saw. Rejects with Interrupted, or with a failure of the kit itself; every process has ended then, too.
 */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { plan, system, usesNamespaces, signal, tell } = options;
  const ends: string[] = [];
  let mayEnd: (event: ExitEvent) => boolean = () => false;
  const stage = await openStage({
    plan,
    system,
    usesNamespaces,
    tell,
    onEvent(event) {
      if (event.type !== 'exited' || event.isExpected || mayEnd(event)) return;
      const how = event.signal ?? `code ${String(event.code)}`;
      ends.push(`${event.member} ended by itself (${how}):\n  ${event.lastLines.join('\n  ')}`);
    },
  });
  let closing = (): Promise<void> => stage.close();
  let isKept = false;
  try {
    await startMembers(stage.machines, signal);
    const cast = await gather(stage, plan);
    closing = () => cast.close();
    mayEnd = (event) => hasReasonToEnd(event, cast, plan);
    let violation = await perform(cast, options);
    await within('histories', orderAll(cast.clients, 'save'), saveLimitMs, signal);
    const [end] = ends;
    if (end !== undefined) violation = new LiveViolation('no member ends without a reason', end);
    await cast.close();
    const history = await historyOf(cast, options);
    const verdicts = checkers.map((checker) => ({ checker: checker.name, verdict: checker.check(history) }));
    isKept = violation !== null || verdicts.some(({ verdict }) => verdict.type === 'violated');
    if (isKept) await writeFile(join(stage.folder, 'history.json'), JSON.stringify(history));
    return { plan, history, verdicts, violation, folder: isKept ? stage.folder : null };
  } finally {
    await closing();
    if (!isKept) await stage.remove();
  }
}

/** Its disk was full; or it has been removed, perhaps before anybody who asked for that was told. */
function hasReasonToEnd({ member, lastLines }: ExitEvent, { nemesis, stage }: Cast, plan: LivePlan): boolean {
  if (nemesis.mayEnd(member)) return true;
  const wasRemoved = plan.workloads.includes('churn') && lastLines.some((line) => line.includes('removed'));
  if (wasRemoved) stage.retire(member);
  return wasRemoved;
}

async function startMembers(machines: readonly Machine[], signal: AbortSignal): Promise<void> {
  await Promise.all(machines.map((machine) => machine.inTurn((member) => member.start())));
  const serving = machines.map(({ member }) => member.waitUntilServing({ timeoutMs: startLimitMs }));
  await within('members that serve', Promise.all(serving), startLimitMs, signal);
}

/** Until all is compared; what went wrong, if something did. */
async function perform(cast: Cast, options: RoundOptions): Promise<LiveViolation | null> {
  try {
    await disturb(cast, options);
    await recover(cast, options);
    return null;
  } catch (error) {
    if (!(error instanceof LiveViolation)) throw error;
    return error;
  }
}

async function disturb(cast: Cast, { plan, signal, onProgress }: RoundOptions): Promise<void> {
  const { clients, nemesis } = cast;
  const firsts = clients.slice(0, plan.workloads.length);
  await within(
    'preparations',
    inTurn(firsts.map((client) => () => client.order('prepare'))),
    startLimitMs,
    signal,
  );
  await within('clients that begin', orderAll(clients, 'act'), startLimitMs, signal);
  const timers = plan.faults.map(({ atMs, fault }) => setTimeout(() => nemesis.perform(fault), atMs));
  const line = setInterval(() => onProgress(describe(cast)), progressMs);
  try {
    await pause(plan.durationMs, signal);
  } finally {
    timers.forEach(clearTimeout);
    clearInterval(line);
  }
}

async function recover(cast: Cast, { plan, signal, onProgress }: RoundOptions): Promise<void> {
  const { clients, nemesis, requests, stage, session } = cast;
  onProgress('all heals');
  await within('an end of all faults', nemesis.heal(), healLimitMs, signal);
  // Where members come and go, one that has just been added may wait for its machine.
  const serving = plan.workloads.includes('churn') ? [] : stage.machines.map(({ member }) => serves(member));
  await within('members that serve after healing', Promise.all(serving), healLimitMs, signal);
  await within('a write after healing', probe(session), healLimitMs, signal);
  onProgress('last reads');
  await within('the ends of all clients', orderAll(clients, 'finish'), finishLimitMs, signal);
  onProgress('replicas are compared');
  const compared = compareReplicas({
    requests,
    machines: () => stage.machines.map(({ name }) => name),
    user: plan.workloads.includes('auth') ? { name: 'root', password: 'root' } : null,
    limitMs: levelLimitMs,
  });
  const difference = await within('hashes of all members', compared, 2 * levelLimitMs, signal);
  if (difference !== null) throw new LiveViolation('replicas agree', difference);
}

async function serves(member: ClusterMember): Promise<void> {
  try {
    await member.waitUntilServing({ timeoutMs: healLimitMs });
  } catch (error) {
    throw new LiveViolation('liveness', messageOf(error));
  }
}

/** Some member takes a write, if it is asked again and again. */
async function probe(session: Session): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await session.request<'put'>({ type: 'put', key: 'probe', value: String(tries), lease: '0' });
      return;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (error.message.includes('user')) return; // Users are needed: somebody answered.
      session.moveOn();
      session.renew();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function inTurn(steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}

async function orderAll(clients: readonly ClientProcess[], type: 'act' | 'finish' | 'save'): Promise<void> {
  await Promise.all(clients.map((client) => client.order(type)));
}

async function historyOf(cast: Cast, { plan, system, replay }: RoundOptions): Promise<History> {
  const own = cast.ownHistory();
  const histories = await Promise.all(cast.clients.map((client) => client.history()));
  return {
    format: 'quorate-history-1',
    system: system.title,
    replay,
    plan: printLivePlan(plan),
    ...mergeHistories([...histories, own]),
    faults: cast.nemesis.notes,
    members: cast.watch.notes,
  };
}

function describe({ clients, nemesis, watch, nowUs }: Cast): string {
  const requests = clients.reduce((sum, { operations }) => sum + operations, 0);
  const seconds = Math.round(nowUs() / 1_000_000);
  const latest = nemesis.notes.at(-1)?.text ?? 'none yet';
  return `${seconds} s, ${requests} requests, leader ${watch.leader ?? 'none'}, ${nemesis.notes.length} faults, the last: ${latest}`;
}
