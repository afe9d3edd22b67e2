import { setTimeout as sleep } from 'node:timers/promises';
import { etcdserverpb } from '../src/gen/protos.js';
import { paths, putBody } from './grpc.js';
import { quantile } from './h2load.js';
import { openHttp2Client } from './http2-client.js';
import type { Http2Client } from './http2-client.js';
import type { RunningSystem } from './systems.js';
import { readWatchAnswer } from './watch-answers.js';

/** One writer, and many who watch what it writes. */
export interface WatchWorkload {
  readonly name: string;
  readonly keys: number;
  /** Of each key. */
  readonly watchers: number;
  /** Puts of the run that measures throughput, and how many of them are on their way at a time. */
  readonly puts: number;
  readonly putsInFlight: number;
  /** The run that measures delays: a rate that both systems can keep up with. */
  readonly pacedPutsPerSecond: number;
  readonly pacedSeconds: number;
}

export const watchWorkloads: readonly WatchWorkload[] = [
  {
    name: 'watch: 1,000 watchers of one key',
    keys: 1,
    watchers: 1000,
    puts: 500,
    putsInFlight: 1,
    pacedPutsPerSecond: 20,
    pacedSeconds: 5,
  },
  {
    name: 'watch: 10,000 watchers of 10,000 keys',
    keys: 10_000,
    watchers: 1,
    puts: 20_000,
    putsInFlight: 64,
    pacedPutsPerSecond: 500,
    pacedSeconds: 5,
  },
];

export interface WatchResult {
  readonly eventsPerSecond: number;
  /** From just before the put is sent until the watcher has its event. */
  readonly medianMs: number;
  readonly p99Ms: number;
}

const connections = 10;
const valueSizeBytes = 256;
const giveUpMs = 120_000;

export async function measureWatches(system: RunningSystem, workload: WatchWorkload): Promise<WatchResult> {
  const clients = Array.from({ length: connections }, () => openHttp2Client(system.leader.clientUrl));
  const writer = openHttp2Client(system.leader.clientUrl);
  try {
    const audience = await openAudience(clients, workload);
    const eventsPerSecond = await runThroughput(writer, audience, workload);
    const delaysMs = await runPaced(writer, audience, workload);
    return { eventsPerSecond, medianMs: quantile(delaysMs, 0.5), p99Ms: quantile(delaysMs, 0.99) };
  } finally {
    for (const client of [...clients, writer]) client.close();
  }
}

interface Audience {
  /** Events that have arrived so far. */
  readonly events: number;
  readonly lastEventMs: number;
  /** Delays of what arrives from now on. */
  recordDelays(): number[];
}

async function openAudience(clients: readonly Http2Client[], workload: WatchWorkload): Promise<Audience> {
  let created = 0;
  let events = 0;
  let lastEventMs = 0;
  let delaysMs: number[] | null = null;
  const streams = clients.map((client) =>
    client.open('/etcdserverpb.Watch/Watch', (message) => {
      const answer = readWatchAnswer(message);
      if (answer.created) created++;
      if (answer.events === 0) return;
      events += answer.events;
      lastEventMs = performance.now();
      // The value tells when its put was sent; of several events in one answer the last one is the youngest.
      if (delaysMs !== null && answer.lastValue !== null)
        delaysMs.push(lastEventMs - answer.lastValue.readDoubleBE(0));
    }),
  );
  for (let index = 0; index < workload.keys * workload.watchers; index++) {
    const createRequest = { key: Buffer.from(keyOf(index % workload.keys)) };
    streams[index % streams.length]?.send(etcdserverpb.WatchRequest.encode({ createRequest }).finish());
  }
  await until(() => created === workload.keys * workload.watchers, 'all watches to be created');
  return {
    get events() {
      return events;
    },
    get lastEventMs() {
      return lastEventMs;
    },
    recordDelays() {
      delaysMs = [];
      return delaysMs;
    },
  };
}

async function runThroughput(
  writer: Http2Client,
  audience: Audience,
  { keys, watchers, puts, putsInFlight }: WatchWorkload,
): Promise<number> {
  const expected = audience.events + puts * watchers;
  const before = audience.events;
  const startedMs = performance.now();
  let sent = 0;
  const write = async (): Promise<void> => {
    while (sent < puts) await writer.call(paths.put, putNow(sent++ % keys));
  };
  await Promise.all(Array.from({ length: putsInFlight }, write));
  await until(() => audience.events >= expected, 'all events to arrive');
  if (audience.events !== expected) throw new Error('more events arrived than were due');
  return ((expected - before) / (audience.lastEventMs - startedMs)) * 1000;
}

async function runPaced(
  writer: Http2Client,
  audience: Audience,
  { keys, watchers, pacedPutsPerSecond, pacedSeconds }: WatchWorkload,
): Promise<Float64Array> {
  const delaysMs = audience.recordDelays();
  const puts = pacedPutsPerSecond * pacedSeconds;
  const expected = audience.events + puts * watchers;
  const startedMs = performance.now();
  const answers: Promise<Buffer>[] = [];
  for (let index = 0; index < puts; index++) {
    const waitMs = startedMs + (index * 1000) / pacedPutsPerSecond - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    answers.push(writer.call(paths.put, putNow((index * 7919) % keys)));
  }
  await Promise.all(answers);
  await until(() => audience.events >= expected, 'all events to arrive');
  return Float64Array.from(delaysMs).sort();
}

function keyOf(index: number): string {
  return `watched-${String(index).padStart(8, '0')}`;
}

function putNow(keyIndex: number): Uint8Array {
  const value = Buffer.alloc(valueSizeBytes, 'v');
  value.writeDoubleBE(performance.now(), 0);
  return putBody(keyOf(keyIndex), value);
}

async function until(isDone: () => boolean, what: string): Promise<void> {
  const startedMs = performance.now();
  while (!isDone()) {
    if (performance.now() - startedMs > giveUpMs) throw new Error(`waited too long for ${what}`);
    await sleep(2);
  }
}
