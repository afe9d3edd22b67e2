import { describe, expect, test } from 'vitest';
import { createWorld } from '../../../jepsen-like/simulator/index.js';
import type { World } from '../../../jepsen-like/simulator/index.js';
import { CallError, createRecorder, createSession } from '../../../jepsen-like/store/index.js';
import type { Session } from '../../../jepsen-like/store/index.js';

function start(seed: number): { readonly world: World; readonly session: Session } {
  const world = createWorld({ seed, members: 3 });
  for (const name of world.hosts.keys()) world.start(name);
  const session = createSession({
    transport: world.transportOf('c1'),
    recorder: createRecorder(() => world.agenda.nowUs),
    home: 0,
    timeoutMs: 2000,
    waitTimeoutMs: 10_000,
  });
  return { world, session };
}

const put = (value: string) => ({ type: 'put', key: 'k', value, lease: '0' }) as const;
const get = { type: 'range', key: 'k', rangeEnd: '', revision: 0, limit: 0, serializable: false } as const;

describe('a simulated cluster', () => {
  test('elects a leader, takes writes and serves them again', async () => {
    const { world, session } = start(1);
    expect(await world.run(() => world.leader !== null, 10_000)).toBe(true);
    for (let at = 0; at < 50; at++) await world.settle(session.request<'put'>(put(`${at}`)));
    const { kvs } = await world.settle(session.request<'range'>(get));
    expect(kvs[0]?.value).toBe('49');
  });

  test('does the same again from the same seed, and something else from another', async () => {
    const traceOf = async (seed: number): Promise<string> => {
      const { world, session } = start(seed);
      await world.run(() => world.leader !== null, 10_000);
      for (let at = 0; at < 20; at++) await world.settle(session.request<'put'>(put(`${at}`)));
      world.leader?.kill();
      await world.run(() => world.leader !== null, 10_000);
      return world.trace.hash;
    };
    expect(await traceOf(7)).toBe(await traceOf(7));
    expect(await traceOf(7)).not.toBe(await traceOf(8));
  });

  test('goes on without its leader, and takes it back', async () => {
    const { world, session } = start(2);
    await world.run(() => world.leader !== null, 10_000);
    const first = world.leader;
    first?.powerCut();
    session.moveOn();
    expect(await world.run(() => world.leader !== null && world.leader !== first, 10_000)).toBe(true);
    await retry(world, session, 'after');
    world.start(first?.name ?? '');
    const applied = (): readonly (number | undefined)[] =>
      [...world.hosts.values()].map(({ member }) => member?.status().appliedIndex);
    expect(await world.run(() => new Set(applied()).size === 1, 10_000)).toBe(true);
  });

  test('answers nobody over a link that is cut, and does when it heals', async () => {
    const { world, session } = start(3);
    await world.run(() => world.leader !== null, 10_000);
    world.links.between('c1', 'm1').cuts += 1;
    await expect(world.settle(session.request<'put'>(put('x')))).rejects.toThrow(CallError);
    world.links.between('c1', 'm1').cuts -= 1;
    session.moveOn();
    session.moveOn();
    await world.settle(session.request<'put'>(put('y')));
  });
});

async function retry(world: World, session: Session, value: string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    try {
      await world.settle(session.request<'put'>(put(value)));
      return;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      session.moveOn();
    }
  }
  throw new Error('no member takes a write');
}
