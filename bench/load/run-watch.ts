import { etcdserverpb } from '../../src/gen/protos.js';
import { frame, paths } from '../grpc.js';
import { monotonicMs } from './clock.js';
import { openConnection } from './connection.js';
import type { LoadConnection } from './connection.js';
import { createHistogram } from './histogram.js';
import type { WatchJob, WatchReport } from './jobs.js';
import { keyText } from './requests.js';
import { createWatchReader } from './watch-reader.js';

/** The watches of one process: many on each connection, in one stream. */
export interface Watches {
  /** Resolves when so many events have come in all. Rejects when more came, when none come any more, or a stream ended. */
  awaitEvents(events: number): Promise<WatchReport>;
  close(): void;
}

const giveUpMs = 120_000;
const lookEveryMs = 2;

export async function openWatches(job: WatchJob): Promise<Watches> {
  let created = 0;
  let events = 0;
  let lastEventMs = 0;
  let delay = createHistogram();
  let failure: string | null = null;
  let cpu = process.cpuUsage();
  let cpuSinceMs = monotonicMs();
  const reader = createWatchReader({
    onCreated: () => created++,
    onEvents: (count, stampMs) => {
      events += count;
      lastEventMs = monotonicMs();
      if (stampMs !== null) delay.record((lastEventMs - stampMs) * 1000);
    },
  });
  const connections: LoadConnection[] = [];

  async function waitFor(isDone: () => boolean, what: string): Promise<void> {
    const untilMs = monotonicMs() + giveUpMs;
    while (!isDone()) {
      if (failure !== null) throw new Error(`a watch failed: ${failure}`);
      if (monotonicMs() > untilMs)
        throw new Error(`waited too long for ${what}: ${created} watches, ${events} events`);
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }

  const listener = (index: number): Parameters<typeof openConnection>[1] => ({
    onData: (_slot, bytes, from, to) => reader.read(index, bytes, from, to),
    onEnd: (_slot, said) => (failure ??= said ?? 'the server ended it'),
    onLost: (reason) => (failure ??= reason),
  });
  const opening = Array.from({ length: job.connections }, (_, index) =>
    openConnection(job.url, listener(index)),
  );
  connections.push(...(await Promise.all(opening)));
  const streams = connections.map((connection) => connection.open(0, paths.watch));
  for (let index = 0; index < job.watches; index++) {
    const key = Buffer.from(keyText(job.keyPrefix, job.firstKey + (index % job.keys)));
    const message = frame(etcdserverpb.WatchRequest.encode({ createRequest: { key } }).finish());
    const turn = index % connections.length;
    connections[turn]?.sendOn(streams[turn] ?? 0, message);
  }
  for (const connection of connections) connection.flush();
  await waitFor(() => created === job.watches, 'the watches');

  return {
    async awaitEvents(expected) {
      await waitFor(() => events >= expected, `event ${expected}`);
      if (events > expected) throw new Error(`${events - expected} events more than there should be`);
      const used = process.cpuUsage(cpu);
      const report = {
        events,
        lastEventMs,
        delay: delay.toPlain(),
        busy: (used.user + used.system) / 1000 / (monotonicMs() - cpuSinceMs),
      };
      delay = createHistogram();
      cpu = process.cpuUsage();
      cpuSinceMs = monotonicMs();
      return report;
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}
