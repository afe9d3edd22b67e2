import { startLoad } from '../load/generator.js';
import { measureJoining } from '../joining.js';
import { anonymousBytesOf, residentBytesOf, settle } from '../systems.js';
import type { RunningSystem } from '../systems.js';
import type { Options } from '../options.js';
import { chosenOf } from './rounds.js';
import type { Bench, Stage, WorkInfo } from './types.js';
import { sideOf } from './types.js';

/** A million keys, put one by one as a program would; then members that hold them, restart and join. */

const prefix = 'million-';
const valueBytes = 256;
const inFlight = 100;
const mebibyte = 1024 * 1024;

const notSlower = { atMost: 1 } as const;
const load: WorkInfo = {
  id: 'load',
  name: 'loading keys of 256 B: our client library on Quorate, npm etcd3 on etcd',
  figures: [{ id: 'seconds', name: 'seconds a million', goal: { atMost: 0.7 } }],
};
const memory: WorkInfo = {
  id: 'memory',
  name: 'memory of a member that holds them',
  figures: [
    { id: 'rss', name: 'MiB', goal: notSlower },
    { id: 'anonymous', name: "MiB that are not files'", goal: null },
    { id: 'bytes', name: 'bytes a key', goal: null },
  ],
};
const restart: WorkInfo = {
  id: 'restart',
  name: 'restart of a member that holds them, until it serves',
  figures: [
    { id: 'ms', name: 'ms', goal: notSlower },
    { id: 'killed', name: 'ms after SIGKILL', goal: null },
    { id: 'rss', name: 'MiB then', goal: null },
  ],
};
const joining: WorkInfo = {
  id: 'join',
  name: 'a new member catches up on them under 1,000 puts a second',
  figures: [
    { id: 'ms', name: 'ms', goal: notSlower },
    { id: 'put-p99', name: 'p99 of a put meanwhile, µs', goal: notSlower },
    { id: 'put-worst', name: 'worst put meanwhile, µs', goal: null },
  ],
};
const works = [load, memory, restart, joining];

const startSeconds = 6;
const loadedPerSecond = 8000;
const restartSeconds = 6;
const joinSeconds = 20;
const settleMs = 20_000;
const settledTwiceMs = 3000;

export const millionStage: Stage = {
  id: 'million',
  isLong: false,
  works,
  tools: () => [],
  estimateSeconds: (options, chosen) => startSeconds + secondsOf(options, chosen) * options.systems.length,
  async run(bench, chosen) {
    bench.progress.step('a million keys: starting the systems', startSeconds);
    await bench.systems.withSystems({}, async (systems) => {
      // All others need the keys.
      await loadAll(bench, systems, chosenOf([load], chosen).length > 0);
      for (const system of systems) await settle(system, settleMs);
      if (chosen.has(memory.id)) await measureMemory(bench, systems);
      if (chosen.has(restart.id)) await measureRestarts(bench, systems);
      if (chosen.has(joining.id)) await measureJoins(bench, systems);
    });
  },
};

function secondsOf(options: Options, chosen: ReadonlySet<string>): number {
  return (
    options.keys / loadedPerSecond +
    (chosen.has(restart.id) ? 2 * restartSeconds * options.rounds : 0) +
    (chosen.has(joining.id) ? joinSeconds * options.joins : 0)
  );
}

/** In slices, one system and then the other, so that what else the machine does meets both alike. */
async function loadAll(
  { options, processes, progress, recorder }: Bench,
  systems: readonly RunningSystem[],
  isRecorded: boolean,
): Promise<void> {
  const slices = options.rounds;
  for (let slice = 0; slice < slices; slice++) {
    const fromKey = Math.floor((options.keys * slice) / slices);
    const toKey = Math.floor((options.keys * (slice + 1)) / slices);
    const inTurn = slice % 2 === 0 ? systems : [...systems].reverse();
    for (const system of inTurn) {
      const keys = toKey - fromKey;
      const range = `${fromKey.toLocaleString('en')} to ${toKey.toLocaleString('en')}`;
      progress.step(`${system.name}: loading keys ${range} by library`, keys / loadedPerSecond);
      const { tookMs } = await processes.ask(0, {
        type: 'library',
        job: {
          library: system.name === 'etcd' ? 'etcd3' : 'quorate',
          endpoint: system.leader.endpoint,
          keyPrefix: prefix,
          fromKey,
          toKey,
          inFlight,
          valueBytes,
        },
      });
      const seconds = ((tookMs / keys) * 1_000_000) / 1000;
      if (isRecorded) recorder.record(load, sideOf[system.name], { figures: { seconds } });
    }
  }
}

async function measureMemory({ recorder, options }: Bench, systems: readonly RunningSystem[]): Promise<void> {
  for (const system of systems) {
    for (const member of system.cluster.members) {
      const bytes = await residentBytesOf(member);
      const anonymous = await anonymousBytesOf(member);
      const figures = {
        rss: bytes / mebibyte,
        anonymous: anonymous / mebibyte,
        bytes: bytes / options.keys,
      };
      recorder.record(memory, sideOf[system.name], { figures });
    }
  }
}

/** Of followers in turn. */
async function measureRestarts(bench: Bench, systems: readonly RunningSystem[]): Promise<void> {
  const { options, progress, recorder } = bench;
  for (let round = 1; round <= options.rounds; round++) {
    for (const system of systems) {
      const leader = await system.cluster.waitForLeader();
      const followers = system.cluster.members.filter((member) => member !== leader);
      const member = followers[round % followers.length] ?? system.follower;
      const timed = async (end: () => Promise<void>): Promise<number> => {
        progress.step(`round ${round}/${options.rounds}, ${system.name}: restart`, restartSeconds);
        await end();
        const startedMs = performance.now();
        await member.start();
        await member.waitUntilServing({ timeoutMs: 120_000 });
        return performance.now() - startedMs;
      };
      const ms = await timed(() => member.stop());
      const rss = (await residentBytesOf(member)) / mebibyte;
      await settle(system, settledTwiceMs);
      const killed = await timed(() => member.kill());
      recorder.record(restart, sideOf[system.name], { figures: { ms, killed, rss } });
      await settle(system, settledTwiceMs);
    }
  }
}

const putsMeanwhile = { connections: 16, streams: 1, requestsPerSecond: 1000 } as const;
/** Longer than a join is given. */
const putsSecondsMax = 600;

async function measureJoins(bench: Bench, systems: readonly RunningSystem[]): Promise<void> {
  const { options, progress, recorder } = bench;
  for (let round = 1; round <= options.joins; round++) {
    for (const system of systems) {
      progress.step(`${system.name}: new member ${round}/${options.joins}`, joinSeconds);
      const figures = await measureJoin(bench, system, round);
      recorder.record(joining, sideOf[system.name], { figures });
      await settle(system, settleMs);
    }
  }
}

async function measureJoin(
  bench: Bench,
  system: RunningSystem,
  round: number,
): Promise<Record<string, number>> {
  const leader = await system.cluster.waitForLeader();
  const puts = startLoad(bench.processes, {
    ...putsMeanwhile,
    url: leader.clientUrl,
    mix: [{ request: { kind: 'put', valueBytes }, weight: 1 }],
    keys: { kind: 'uniform', count: bench.options.keys },
    keyPrefix: prefix,
    seed: round,
    warmUpSeconds: 1,
    seconds: putsSecondsMax,
    processes: 1,
  });
  // Awaited below; a failure of the join comes first.
  puts.outcome.catch(() => undefined);
  const { caughtUpMs } = await measureJoining({ ...system, leader }, bench.systems.folder);
  await puts.stop();
  const { latency } = await puts.outcome;
  return { ms: caughtUpMs, 'put-p99': latency.quantileUs(0.99), 'put-worst': latency.maxUs };
}
