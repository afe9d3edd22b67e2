import { expect, test } from 'vitest';
import { createRecorder, createSession } from '../../../jepsen-like/store/index.js';
import { createWorld } from '../../../jepsen-like/simulator/index.js';

test('a cluster elects a leader, takes writes and serves them again', async () => {
  const world = createWorld({ seed: 1, members: 3 });
  for (const name of world.hosts.keys()) world.start(name);
  expect(await world.run(() => world.leader !== null, 10_000)).toBe(true);
  const recorder = createRecorder(() => world.agenda.nowUs);
  const session = createSession({
    transport: world.transportOf('c1'),
    recorder,
    home: 0,
    timeoutMs: 2000,
    waitTimeoutMs: 10_000,
  });
  const began = performance.now();
  for (let at = 0; at < 3000; at++) {
    await world.settle(session.request<'put'>({ type: 'put', key: `k${at % 10}`, value: `${at}`, lease: '0' }));
  }
  const tookMs = performance.now() - began;
  console.log(world.nowMs, 'sim ms', world.stepCount, 'steps', tookMs, 'ms', world.trace.hash);
  const read = await world.settle(
    session.request<'range'>({ type: 'range', key: 'k9', rangeEnd: '', revision: 0, limit: 0, serializable: false }),
  );
  expect(read.kvs[0]?.value).toBe('2999');
});
