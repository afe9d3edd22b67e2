import { seededRandom } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';
import type { ReportOptions } from '../../../jepsen-like/report/index.js';
import type { Call, History, Operation, OperationBody } from '../../../jepsen-like/history/index.js';
import { plantAnomalies } from './sample-anomalies.js';
import { sampleCluster } from './sample-cluster.js';
import type { SampleCluster } from './sample-cluster.js';
import { sampleWatches } from './sample-watches.js';

export interface SampleOptions {
  readonly seed: number;
  readonly operations: number;
  readonly clients: number;
  readonly durationUs: number;
  /** One of each drawing. */
  readonly withAnomalies: boolean;
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

const requestTimeoutUs = 3_000_000;

/** What a run of a register and a list-append workload under faults looks like; nothing in it was really run. */
export function sampleReport(options: SampleOptions): ReportOptions {
  const random = seededRandom(options.seed);
  const cluster = sampleCluster(random, options.durationUs);
  const { operations, calls } = sampleOperations(random, cluster, options);
  const plain: History = {
    format: 'quorate-history-1',
    system: 'quorate (simulated)',
    replay: `npm run torture -- --replay ${options.seed}`,
    plan: samplePlan(options.seed),
    operations,
    calls,
    watches: sampleWatches(random, options.durationUs),
    faults: cluster.faults,
    members: cluster.notes,
  };
  const { history, verdicts } = plantAnomalies(plain, options.withAnomalies);
  return { history, verdicts, title: `torture, seed ${options.seed}: register, append and watch` };
}

function sampleOperations(
  random: Random,
  cluster: SampleCluster,
  { operations: count, clients, durationUs }: SampleOptions,
): Pick<History, 'operations' | 'calls'> {
  const operations: Unnumbered<Operation>[] = [];
  const calls: Unnumbered<Call>[] = [];
  const pauseUs = Math.max(100, (durationUs * clients) / count);
  let processes = clients;
  for (let client = 0; client < clients; client++) {
    let process = client;
    let at = random.below(Math.ceil(pauseUs));
    for (let nth = 0; at < durationUs; nth++) {
      const { body, tookUs } = sampleOutcome(random, cluster, { at, nth: client * 1_000_000 + nth });
      const completedUs = at + tookUs < durationUs ? at + tookUs : null;
      const ended = completedUs === null ? { ...body, outcome: lost } : body;
      operations.push({ ...ended, process, invokedUs: at, completedUs });
      calls.push(callOf(random, { process, at, completedUs, ended, cluster }));
      if (ended.outcome.type === 'unknown') process = processes++;
      at += Math.max(tookUs, Math.round(pauseUs * (0.5 + random.below(1000) / 1000)));
    }
  }
  const number = <T extends { readonly invokedUs: number }>(list: readonly T[]): (T & { id: number })[] =>
    [...list].sort((a, b) => a.invokedUs - b.invokedUs).map((item, id) => ({ ...item, id }));
  return { operations: number(operations), calls: number(calls) };
}

const lost = { type: 'unknown', error: 'no answer by the end' } as const;

interface Moment {
  readonly at: number;
  readonly nth: number;
}

/** A few milliseconds with a long tail; in the hands of nobody, until there is a leader or the time is over. */
function sampleOutcome(
  random: Random,
  cluster: SampleCluster,
  { at, nth }: Moment,
): { readonly body: OperationBody; readonly tookUs: number } {
  const tail = random.chance(0.01) ? 8 : 1;
  const usual = 500 + 900 * -Math.log(1 - random.below(9999) / 10_000);
  const tookUs = Math.round(usual * tail * cluster.slowness(at));
  const until = cluster.leaderlessUntil(at);
  const body = sampleBody(random, nth);
  if (until === null) return { body, tookUs };
  if (random.chance(0.3))
    return {
      body: { ...body, outcome: { type: 'failed', error: 'etcdserver: no leader' } },
      tookUs: 20_000 + random.below(80_000),
    };
  if (until - at < requestTimeoutUs && random.chance(0.7)) return { body, tookUs: until - at + tookUs };
  const error = 'etcdserver: request timed out, possibly due to previous leader failure';
  return {
    body: { ...body, outcome: { type: 'unknown', error } },
    tookUs: requestTimeoutUs,
  };
}

function sampleBody(random: Random, nth: number): OperationBody {
  const key = `register/${random.below(8)}`;
  const kind = random.below(10);
  if (kind < 4)
    return {
      kind: 'read',
      key,
      serializable: false,
      outcome: { type: 'ok', value: { value: String(nth - 7) } },
    };
  if (kind < 7) return { kind: 'write', key, value: String(nth), outcome: { type: 'ok', value: null } };
  if (kind < 8) {
    const swapped = random.chance(0.5);
    const value = String(nth);
    return {
      kind: 'cas',
      key,
      expected: String(nth - 3),
      value,
      outcome: { type: 'ok', value: { swapped } },
    };
  }
  const list = `list/${random.below(5)}`;
  return {
    kind: 'append',
    steps: [
      { type: 'read', key: list },
      { type: 'append', key: list, value: nth },
    ],
    outcome: {
      type: 'ok',
      value: { reads: [Array.from({ length: nth % 9 }, (_, place) => nth - 9 + place), null] },
    },
  };
}

interface CallSource {
  readonly process: number;
  readonly at: number;
  readonly completedUs: number | null;
  readonly ended: OperationBody;
  readonly cluster: SampleCluster;
}

function callOf(random: Random, { process, at, completedUs, ended, cluster }: CallSource): Unnumbered<Call> {
  const member = cluster.members[random.below(cluster.members.length)] ?? 'm1';
  const revision = Math.floor(at / 1300) + 2;
  const { outcome } = ended;
  const key = 'key' in ended ? ended.key : 'list/0';
  const isRead = ended.kind === 'read';
  return {
    process,
    member,
    invokedUs: at + 20,
    completedUs: completedUs === null ? null : completedUs - 30,
    request: isRead
      ? { type: 'range', key, rangeEnd: '', revision: 0, limit: 0, serializable: false }
      : { type: 'put', key, value: String(at), lease: '0' },
    outcome:
      outcome.type !== 'ok'
        ? outcome
        : isRead
          ? { type: 'ok', value: { type: 'range', revision, kvs: [], count: 0, more: false } }
          : { type: 'ok', value: { type: 'put', revision } },
  };
}

function samplePlan(seed: number): string {
  return `plan {"seed":${seed},"members":5,"clients":10,"durationMs":120000,"workloads":["register","append","watch"]}
9.120s client 2: {"type":"write","key":"register/3","value":"17"}
9.400s fault: {"kind":"kill","target":"leader","forMs":2300}
9.431s client 5: {"type":"read","key":"register/3"}
11.702s client 2: {"type":"cas","key":"register/3","expected":"17","value":"18"}
`;
}
