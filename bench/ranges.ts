import { etcdserverpb } from '../src/gen/protos.js';
import { paths, putBody } from './grpc.js';
import { quantile } from './h2load.js';
import { openHttp2Client } from './http2-client.js';
import type { RunningSystem } from './systems.js';

/** Large ranges on a few connections, and one client that puts beside them: who reads much must not hold up others. */

const keys = 10_000;
const readers = 4;
const loadInFlight = 64;
const value = Buffer.alloc(256, 'v');

export interface RangeResult {
  /** Of all 10,000 keys each. */
  readonly rangesPerSecond: number;
  readonly putP99Ms: number;
  readonly putWorstMs: number;
}

export async function measureRanges(system: RunningSystem, seconds: number): Promise<RangeResult> {
  const clients = Array.from({ length: readers }, () => openHttp2Client(system.leader.clientUrl));
  const writer = openHttp2Client(system.leader.clientUrl);
  try {
    let loaded = 0;
    const load = async (): Promise<void> => {
      while (loaded < keys) await writer.call(paths.put, putBody(keyOf(loaded++), value));
    };
    await Promise.all(Array.from({ length: loadInFlight }, load));
    const request = etcdserverpb.RangeRequest.encode({
      key: Buffer.from('ranged-'),
      rangeEnd: Buffer.from('ranged.'),
    }).finish();
    const untilMs = performance.now() + seconds * 1000;
    let ranges = 0;
    const read = async (client: (typeof clients)[number]): Promise<void> => {
      while (performance.now() < untilMs) {
        const answer = await client.call(paths.range, request);
        if (answer.length < keys * value.length) throw new Error('a range that is not whole');
        ranges++;
      }
    };
    const timesMs: number[] = [];
    const write = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        const startedMs = performance.now();
        await writer.call(paths.put, putBody('beside', value));
        timesMs.push(performance.now() - startedMs);
      }
    };
    await Promise.all([...clients.map(read), write()]);
    const sorted = Float64Array.from(timesMs).sort();
    return {
      rangesPerSecond: ranges / seconds,
      putP99Ms: quantile(sorted, 0.99),
      putWorstMs: sorted.at(-1) ?? Number.NaN,
    };
  } finally {
    for (const client of [...clients, writer]) client.close();
  }
}

function keyOf(index: number): string {
  return `ranged-${String(index).padStart(8, '0')}`;
}
