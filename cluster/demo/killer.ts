import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type { Client } from '../../src/client/index.js';
import type { Cluster, ClusterMember } from '../index.js';

export interface Kill {
  readonly member: string;
  readonly wasLeader: boolean;
  /** Time without a leader as a client feels it; null when another member was killed. See `timeToNextWrite`. */
  readonly leaderlessMs: number | null;
}

export interface KillerOptions {
  readonly cluster: Cluster;
  readonly client: Client;
  /** A number in [0, 1), the same sequence for the same seed. */
  readonly random: () => number;
  /** The average time between two kills. */
  readonly everyMs: number;
  readonly onKill: (kill: Kill) => void;
}

export interface Killer {
  readonly kills: readonly Kill[];
  /** Resolves when the last victim serves again; throws what went wrong. */
  stop(): Promise<void>;
}

/** The leader is what hurts: it is aimed at more often than chance would. */
const leaderChance = 0.4;
/** How long a victim stays down. */
const downMs = { min: 300, spread: 700 };
const probe = { everyMs: 20, timeoutMs: 10_000, key: '\u0000demo/probe' };

/** Kills one member after the other with SIGKILL and starts it again, so that one is down at a time. */
export function startKilling(options: KillerOptions): Killer {
  const { cluster, client, random, everyMs, onKill } = options;
  const kills: Kill[] = [];
  const stopping = new AbortController();

  async function pickVictim(): Promise<{ readonly victim: ClusterMember; readonly wasLeader: boolean }> {
    const leader = await cluster.waitForLeader();
    const index = Math.floor(random() * cluster.members.length);
    const aimsAtLeader = random() < leaderChance;
    const victim = aimsAtLeader ? leader : (cluster.members[index] ?? leader);
    return { victim, wasLeader: victim === leader };
  }

  async function killOne(): Promise<void> {
    const { victim, wasLeader } = await pickVictim();
    const dying = victim.kill();
    const killedAt = performance.now();
    const leaderlessMs = wasLeader ? await timeToNextWrite(client, killedAt) : null;
    await dying;
    const kill = { member: victim.name, wasLeader, leaderlessMs };
    kills.push(kill);
    onKill(kill);
    await delay(downMs.min + random() * downMs.spread);
    await victim.start();
    await victim.waitUntilServing();
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      await killOne();
      const pauseMs = everyMs * (0.75 + random() * 0.5) - (performance.now() - startedAt);
      await delay(Math.max(0, pauseMs), undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = run();
  running.catch(() => undefined); // `stop` tells.
  return {
    kills,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/**
 * How long a client waits: milliseconds from the SIGKILL to the first acknowledgement of a put that was sent after it.
 * A new put is sent every 20 ms without waiting for those before it, so that none of them hides the moment.
 */
async function timeToNextWrite(client: Client, killedAt: number): Promise<number> {
  const done = new AbortController();
  setMaxListeners(0, done.signal); // Each put listens.
  const acknowledgements: number[] = [];
  const puts: Promise<void>[] = [];
  while (!done.signal.aborted) {
    const put = client.put(probe.key, 'x', { timeoutMs: probe.timeoutMs, signal: done.signal }).then(
      () => {
        acknowledgements.push(performance.now());
        done.abort();
      },
      () => undefined, // Another one will do.
    );
    puts.push(put);
    if (performance.now() - killedAt > probe.timeoutMs) done.abort();
    await delay(probe.everyMs, undefined, { signal: done.signal }).catch(() => undefined);
  }
  await Promise.all(puts);
  const [first] = acknowledgements;
  if (first === undefined)
    throw new Error(`no write within ${probe.timeoutMs / 1000} s of the leader's death`);
  return first - killedAt;
}

/** The key that measures, among the records. */
export const probeKey = probe.key;
