import { openRawClient, paths, putBody } from './grpc.js';
import type { RawClient } from './grpc.js';
import type { RunningSystem } from './systems.js';

const attemptTimeoutMs = 200;
const pauseMs = 5;
const giveUpMs = 30_000;

/**
 * Milliseconds from SIGKILL of the leader to the next acknowledged write, as a client sees it that tries the surviving
 * members in turn. The killed member is back, and the cluster whole, when this resolves.
 */
export async function measureFailover({ cluster }: RunningSystem): Promise<number> {
  const leader = await cluster.waitForLeader();
  const survivors = cluster.members.filter((member) => member !== leader).map((member) => member.endpoint);
  const clients = survivors.map(openRawClient);
  try {
    // The connections stand before the leader falls: what is measured is the election, not the dialling.
    await Promise.all(
      clients.map((client) => client.call(paths.put, putBody('failover', Buffer.from('before')), 5000)),
    );
    const killedAtMs = performance.now();
    const dead = leader.kill();
    await Promise.race(clients.map((client) => firstWrite(client, killedAtMs)));
    const tookMs = performance.now() - killedAtMs;
    await dead;
    await leader.start();
    await leader.waitUntilServing();
    return tookMs;
  } finally {
    for (const client of clients) client.close();
  }
}

async function firstWrite(client: RawClient, sinceMs: number): Promise<void> {
  while (performance.now() - sinceMs < giveUpMs) {
    try {
      await client.call(paths.put, putBody('failover', Buffer.from('after')), attemptTimeoutMs);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  throw new Error(`no write was acknowledged within ${giveUpMs} ms`);
}
