import { etcdserverpb } from '../src/gen/protos.js';
import { quantile } from './statistics.js';
import { openHttp2Client } from './http2-client.js';
import type { RunningSystem } from './systems.js';

/** Many leases, all kept alive from a few connections, as fast as the answers come. */

const leases = 10_000;
const connections = 10;
const ttlSeconds = 60;
const grantsInFlight = 64;
/** Renewals on their way on each connection. */
const renewalsInFlight = 16;

export interface LeaseResult {
  readonly grantsPerSecond: number;
  readonly renewalsPerSecond: number;
  readonly p99Ms: number;
}

export async function measureLeases(system: RunningSystem, seconds: number): Promise<LeaseResult> {
  const clients = Array.from({ length: connections }, () => openHttp2Client(system.leader.clientUrl));
  try {
    const startedMs = performance.now();
    let next = 1;
    const grant = async (): Promise<void> => {
      while (next <= leases) {
        const id = next++;
        const request = etcdserverpb.LeaseGrantRequest.encode({ ID: id, TTL: ttlSeconds }).finish();
        await clients[id % connections]?.call('/etcdserverpb.Lease/LeaseGrant', request);
      }
    };
    await Promise.all(Array.from({ length: grantsInFlight }, grant));
    const grantsPerSecond = (leases / (performance.now() - startedMs)) * 1000;
    const timesMs: number[] = [];
    await Promise.all(clients.map((client, index) => keepAlive(client, index, seconds, timesMs)));
    const sorted = Float64Array.from(timesMs).sort();
    return { grantsPerSecond, renewalsPerSecond: sorted.length / seconds, p99Ms: quantile(sorted, 0.99) };
  } finally {
    for (const client of clients) client.close();
  }
}

/** Renews its share of the leases in turn; answers come in the order of the requests. */
async function keepAlive(
  client: ReturnType<typeof openHttp2Client>,
  share: number,
  seconds: number,
  timesMs: number[],
): Promise<void> {
  const sentMs: number[] = [];
  const untilMs = performance.now() + seconds * 1000;
  let turn = 0;
  await new Promise<void>((resolve, reject) => {
    const stream = client.open('/etcdserverpb.Lease/LeaseKeepAlive', (message) => {
      const answer = etcdserverpb.LeaseKeepAliveResponse.decode(message);
      if (Number(answer.TTL) !== ttlSeconds) reject(new Error('a lease was lost while it was kept alive'));
      timesMs.push(performance.now() - (sentMs.shift() ?? 0));
      if (performance.now() < untilMs) renew();
      else if (sentMs.length === 0) resolve();
    });
    const renew = (): void => {
      const id = share + connections * (1 + (turn++ % (leases / connections - 1)));
      sentMs.push(performance.now());
      stream.send(etcdserverpb.LeaseKeepAliveRequest.encode({ ID: id }).finish());
    };
    for (let index = 0; index < renewalsInFlight; index++) renew();
  });
}
