/** One client of a live run, in a process of its own: `clients/process.ts` starts it and tells it what to do. */
import { writeFileSync } from 'node:fs';
import { seededRandom, some } from '../../../src/base/index.js';
import { createRecorder } from '../../store/index.js';
import type { Recorder } from '../../store/index.js';
import { createClient, workloads } from '../../workloads/index.js';
import type { RunningClient, Workload } from '../../workloads/index.js';
import { createChurnControl } from './churn.js';
import { monotonicUs } from './clock.js';
import type { ClientOrder, ClientReport, ClientSetup, MachineDeed } from './messages.js';
import { createGrpcTransport } from './transport.js';
import type { GrpcTransport } from './transport.js';

const requestTimeoutMs = 3000;
const waitTimeoutMs = 10_000;
const progressMs = 500;

interface Actor {
  readonly setup: ClientSetup;
  readonly workload: Workload;
  readonly client: RunningClient;
  readonly recorder: Recorder;
  readonly transport: GrpcTransport;
  /** Its actions, until the end. */
  acting: Promise<void>;
}

let actor: Actor | null = null;
let deedDone: (() => void) | null = null;

function askFor(deed: MachineDeed): Promise<void> {
  return new Promise((resolve) => {
    deedDone = resolve;
    tell({ type: 'deed', deed });
  });
}

function setUp(setup: ClientSetup): Actor {
  const { number, workload: name, baseUs } = setup;
  const transport = createGrpcTransport();
  transport.readdress(new Map(setup.endpoints));
  const nowUs = (): number => monotonicUs(baseUs);
  const recorder = createRecorder(nowUs);
  const churn = setup.churn === null ? {} : { churn: createChurnControl(setup.churn, askFor) };
  const client = createClient({
    ...churn,
    number,
    transport,
    recorder,
    home: number,
    timeoutMs: requestTimeoutMs,
    waitTimeoutMs,
    clock: { nowUs, sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)) },
  });
  const workload = some(
    workloads.find((each) => each.name === name),
    `a workload called ${name}`,
  );
  return { setup, workload, client, recorder, transport, acting: Promise.resolve() };
}

async function act({ setup, workload, client }: Actor): Promise<void> {
  const { number, clients, keys, seed, actionsPerSecond } = setup;
  const random = seededRandom(seed * 1000 + number);
  const everyMs = 1000 / actionsPerSecond;
  for (let round = 0; !client.isEnding; round++) {
    const nth = round * clients + number + 1;
    await workload.perform(workload.draw({ random, client: number, clients, nth, keys }), client);
    await client.sleep((everyMs * random.below(2000)) / 1000);
  }
}

async function finish({ setup, workload, client, acting }: Actor): Promise<void> {
  const ended = client.end();
  await acting;
  await ended;
  await workload.finish?.(client, { keys: setup.keys });
}

type AnsweredOrder = Exclude<ClientOrder, { readonly type: 'readdress' | 'deed-done' }>;

async function carryOut(order: AnsweredOrder): Promise<void> {
  if (order.type === 'set-up') {
    actor = setUp(order.setup);
    setInterval(tellProgress, progressMs).unref();
    return;
  }
  const known = some(actor, 'a client that was set up');
  const { setup, workload, client, recorder } = known;
  switch (order.type) {
    case 'prepare':
      await workload.prepare?.(client, { keys: setup.keys });
      return;
    case 'act':
      known.acting = act(known);
      known.acting.catch(fail);
      return;
    case 'finish':
      await finish(known);
      return;
    case 'save':
      writeFileSync(setup.historyFile, JSON.stringify(recorder.history()));
  }
}

function tell(report: ClientReport): void {
  process.send?.(report);
}

function tellProgress(): void {
  if (actor !== null) tell({ type: 'progress', operations: actor.recorder.history().calls.length });
}

function fail(error: unknown): void {
  tell({ type: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

process.on('message', (order: ClientOrder) => {
  if (order.type === 'readdress') {
    actor?.transport.readdress(new Map(order.endpoints));
    return;
  }
  if (order.type === 'deed-done') {
    deedDone?.();
    return;
  }
  carryOut(order).then(() => tell({ type: 'done', order: order.type }), fail);
});
// Whoever started it is gone, or wants nothing more.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => undefined);
