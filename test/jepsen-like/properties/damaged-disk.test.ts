import { describe, expect, test } from 'vitest';
import { asBuffer, keyOfText, seededRandom } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';
import { defaultLimits } from '../../../src/member/index.js';
import { createWorld, memberOf } from '../../../jepsen-like/simulator/index.js';
import type { Host, World } from '../../../jepsen-like/simulator/index.js';
import { put, range } from '../../mvcc/requests.js';

const keyCount = 40;
/** Of each key: what is damaged may be the newest, or an older one. */
const versions = 3;

interface Cluster {
  readonly world: World;
  /** What was acknowledged, by key. */
  readonly acknowledged: Map<string, string>;
}

/** Three members whose logs have been cut, and which have more in them since. */
async function startCluster(seed: number): Promise<Cluster> {
  const world = createWorld({
    seed,
    members: 3,
    config: { snapshotCount: 30, limits: { ...defaultLimits, catchUpEntries: 10 } },
  });
  for (const name of world.hosts.keys()) world.start(name);
  expect(await world.run(() => world.leader !== null, 20_000)).toBe(true);
  const acknowledged = new Map<string, string>();
  for (let number = 0; number < keyCount * versions; number++) {
    const key = `k${number % keyCount}`;
    await world.settle(memberOf(leaderOf(world)).put(put(key, `${number}`)));
    acknowledged.set(key, `${number}`);
  }
  await world.run(() => isLevel(all(world)), 20_000);
  return { world, acknowledged };
}

const all = (world: World): readonly Host[] => [...world.hosts.values()];

function leaderOf(world: World): Host {
  if (world.leader === null) throw new Error('there is no leader');
  return world.leader;
}

function isLevel(hosts: readonly Host[]): boolean {
  const applied = hosts.map((host) => host.member?.status().appliedIndex ?? null);
  return !applied.includes(null) && new Set(applied).size === 1;
}

/** One member’s disk, while no process uses it. */
type Damage = (host: Host, random: Random) => string;

function anyRecord(
  host: Host,
  random: Random,
  stores: RegExp,
): { store: string; key: string; bits: number } | null {
  const names = host.disk.stores().filter((name) => stores.test(name));
  const store = names[random.below(Math.max(1, names.length))] ?? '';
  const records = host.disk.dump(store);
  const [key, value] = records[random.below(Math.max(1, records.length))] ?? [];
  return key === undefined || value === undefined ? null : { store, key, bits: asBuffer(value).length * 8 };
}

function toOneRecord(how: 'flip-bit' | 'stale' | 'erase', stores: RegExp): Damage {
  return (host, random) => {
    const record = anyRecord(host, random, stores);
    if (record === null) return 'nothing there';
    const { store, key, bits } = record;
    const bit = random.below(Math.max(1, bits));
    host.disk.damage(store, how === 'flip-bit' ? { type: how, key, bit } : { type: how, key });
    return `${how} of ${store} at ${JSON.stringify(key)}, bit ${bit}`;
  };
}

function eraseAll(stores: RegExp): Damage {
  return (host) => {
    for (const store of host.disk.stores().filter((name) => stores.test(name)))
      for (const [key] of host.disk.dump(store)) host.disk.damage(store, { type: 'erase', key });
    return `all of ${String(stores)} erased`;
  };
}

const damages: Readonly<Record<string, Damage>> = {
  'a bit of the log': toOneRecord('flip-bit', /^wal$/),
  'an older version of a record of the log': toOneRecord('stale', /^wal$/),
  'a record of the log that is gone': toOneRecord('erase', /^wal$/),
  'a bit of the state': toOneRecord('flip-bit', /^state-/),
  'an older version of a record of the state': toOneRecord('stale', /^state-/),
  'a record of the state that is gone': toOneRecord('erase', /^state-/),
  'the whole log gone': eraseAll(/^wal$/),
  'the whole state gone': eraseAll(/^state-/),
};

/** It is there again with all that the others have, or it has ended itself and says what to do. */
async function expectRepairOrFarewell(world: World, host: Host, told: string): Promise<void> {
  const others = all(world).filter((each) => each !== host);
  const isDone = (): boolean => host.fatal !== null || isLevel([...others, host]);
  expect(await world.run(isDone, 60_000), `${told}: neither level nor ended`).toBe(true);
  if (host.fatal !== null)
    expect(host.fatal.message, told).toMatch(
      /damaged|gone|lost|older|not as it was left|does not know|old copy|has data/,
    );
}

async function expectAcknowledged({ world, acknowledged }: Cluster, told: string): Promise<void> {
  for (const host of all(world)) {
    if (host.member === null || host.fatal !== null) continue;
    for (const [key, value] of acknowledged) {
      const { kvs } = await world.settle(host.member.range(range(key)));
      expect(kvs[0]?.key, `${told}, ${key} at ${host.name}`).toBe(keyOfText(key));
      expect(Buffer.from(kvs[0]?.value ?? '').toString(), `${told}, ${key} at ${host.name}`).toBe(value);
    }
  }
}

describe('damage to the disk of one member loses nothing that was acknowledged', () => {
  for (const [name, damage] of Object.entries(damages)) {
    test(`${name}: it is repaired from the others, or the member ends and says why`, async () => {
      for (let seed = 1; seed <= 4; seed++) {
        const cluster = await startCluster(seed);
        const { world, acknowledged } = cluster;
        const random = seededRandom(seed);
        const host = all(world)[random.below(3)];
        if (host === undefined) throw new Error('there are three members');
        if (random.chance(0.5)) host.kill();
        else host.powerCut();
        const told = `seed ${seed}: ${damage(host, random)}`;
        world.start(host.name);
        expect(await world.run(() => world.leader !== null && world.leader.member !== null, 20_000)).toBe(
          true,
        );
        await world.settle(memberOf(leaderOf(world)).put(put('after', told)));
        acknowledged.set('after', told);
        await expectRepairOrFarewell(world, host, told);
        await expectAcknowledged(cluster, told);
      }
    });
  }

  test('an old copy of it: the member ends and says why, or has all that the others have', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const cluster = await startCluster(seed);
      const { world, acknowledged } = cluster;
      const host = all(world).find((each) => each !== world.leader);
      if (host === undefined) throw new Error('there is a follower');
      const image = host.disk.image();
      for (let number = 0; number < 5; number++) {
        await world.settle(memberOf(leaderOf(world)).put(put('later', `${number}`)));
        acknowledged.set('later', `${number}`);
      }
      await world.run(() => isLevel(all(world)), 20_000);
      host.kill();
      host.mayForget = true;
      host.disk.putBack(image);
      world.start(host.name);
      await expectRepairOrFarewell(world, host, `seed ${seed}`);
      await expectAcknowledged(cluster, `seed ${seed}`);
    }
  });
});

describe('damage beyond what a quorum can repair', () => {
  for (const [name, damage] of Object.entries(damages)) {
    test(`${name}, of two members of three: whoever serves does not lie`, async () => {
      for (let seed = 1; seed <= 3; seed++) {
        const cluster = await startCluster(seed);
        const { world, acknowledged } = cluster;
        const random = seededRandom(100 + seed);
        for (const host of all(world)) host.kill();
        const told = all(world)
          .slice(0, 2)
          .map((host) => damage(host, random))
          .join(' and ');
        for (const host of all(world)) world.start(host.name);
        await world.run(() => false, 20_000);
        let served = 0;
        for (const host of all(world)) {
          for (const [key, value] of acknowledged) {
            if (host.member === null) break;
            const answer = host.member.range(range(key)).then(
              ({ kvs }) => Buffer.from(kvs[0]?.value ?? '').toString(),
              () => null,
            );
            const found = await world.settle(answer);
            if (found === null) break; // No quorum: it halts.
            expect(found, `${told}, ${key} at ${host.name}`).toBe(value);
            served += 1;
          }
        }
        if (all(world).filter(({ member }) => member !== null).length < 2) expect(served, told).toBe(0);
      }
    });
  }
});
