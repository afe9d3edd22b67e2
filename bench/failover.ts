import { openRawClient, paths, putBody } from './grpc.js';
import type { RawClient } from './grpc.js';
import { withSystem } from './systems.js';
import type { SystemName } from './systems.js';

const heartbeatIntervalMs = 100;
const electionTimeoutMs = 1000;
const attemptTimeoutMs = 200;
const pauseMs = 5;
const giveUpMs = 30_000;

/**
 * Milliseconds from SIGKILL of the leader to the next acknowledged write, as a client sees it that tries the surviving
 * members in turn. The killed member is back, and the cluster whole, before the next round.
 */
export async function measureFailovers(
  system: SystemName,
  rounds: number,
  progress: (done: number) => void,
): Promise<readonly number[]> {
  return withSystem(system, { heartbeatIntervalMs, electionTimeoutMs }, async ({ cluster }) => {
    const timesMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const leader = await cluster.waitForLeader();
      const survivors = cluster.members
        .filter((member) => member !== leader)
        .map((member) => member.endpoint);
      const clients = survivors.map(openRawClient);
      // The connections stand before the leader falls: what is measured is the election, not the dialling.
      await Promise.all(
        clients.map((client) => client.call(paths.put, putBody('failover', Buffer.from('before')), 5000)),
      );
      const killedAtMs = performance.now();
      const dead = leader.kill();
      await Promise.race(clients.map((client) => firstWrite(client, killedAtMs)));
      timesMs.push(performance.now() - killedAtMs);
      for (const client of clients) client.close();
      await dead;
      await leader.start();
      await leader.waitUntilServing();
      progress(round + 1);
    }
    return timesMs;
  });
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
