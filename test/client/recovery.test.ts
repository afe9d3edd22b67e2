import { expect, test, vi } from 'vitest';

import { ClientError } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import { startGate } from './gate.js';
import { describeOnBoth } from './systems.js';
import { brief, take } from './watching.js';

/** Puts one after the other until told to stop. */
function startWriter(client: Client, prefix: string) {
  let isStopped = false;
  let count = 0;
  const surprises: unknown[] = [];
  async function write(): Promise<void> {
    while (!isStopped) {
      await client
        .put(`${prefix}${count % 7}`, String(count), { timeoutMs: 1000 })
        .then(() => count++)
        .catch((error: unknown) => {
          if (!(error instanceof ClientError && error.mayHaveHappened)) surprises.push(error);
        });
    }
  }
  const done = write();
  return {
    count: () => count,
    surprises,
    async stop() {
      isStopped = true;
      await done;
    },
  };
}

describeOnBoth('on a cluster of three', 3, (system) => {
  test('a watch whose member is killed, again and again: every change is seen once, in order', async () => {
    const writing = system.newClient({ timeoutMs: 10_000 });
    const writer = startWriter(writing, 'steady/');
    const watching = system.newClient({ startAt: 'first' });
    const watch = watching.watch({ prefix: 'steady/' });
    const first = await watch.ready();
    const revisions: number[] = [];
    const reading = (async () => {
      for await (const event of watch) revisions.push(event.revision);
    })();
    // The client stays where it is until that member ends, and then goes to the next one.
    for (const member of system.cluster.members.slice(0, 2)) {
      const seen = revisions.length;
      await vi.waitUntil(() => revisions.length > seen + 5, { timeout: 20_000 });
      await member.kill();
      const before = revisions.length;
      await vi.waitUntil(() => revisions.length > before + 5, { timeout: 20_000 });
      await member.start();
      await member.waitUntilServing();
    }
    await writer.stop();
    expect(writer.surprises).toEqual([]);
    const { revision: last } = await writing.put('steady/end', 'x');
    await vi.waitUntil(() => revisions.at(-1) === last, { timeout: 20_000 });
    watch.close();
    await reading;
    const history = [];
    const all = writing.watch({ prefix: 'steady/' }, { fromRevision: first });
    while (history.at(-1) !== last) history.push(...(await take(all, 1)).map((event) => event.revision));
    all.close();
    expect(revisions).toEqual(history);
  }, 60_000);

  test('a watch that is cut off while history is compacted says so, or begins anew', async () => {
    const client = system.newClient();
    const [member] = system.cluster.members;
    if (member === undefined) throw new Error('a cluster of three');
    // Only this member is known to the watches, and only once it has caught up: until then it still has the history.
    const gate = await startGate(member.endpoint);
    const alone = system.newClient({}, [gate.endpoint]);
    const plain = alone.watch({ prefix: 'cut/' });
    const copy = alone.watch({ prefix: 'cut/' }, { withState: true });
    await plain.ready();
    expect(await take(copy, 1)).toMatchObject([{ type: 'state', entries: [] }]);
    await copy.ready();
    gate.close();
    await member.kill();
    await client.get('cut/a', { timeoutMs: 20_000 }); // There is a leader again.
    await client.put('cut/a', '1');
    const { revision } = await client.put('cut/a', '2');
    await client.compact(revision);
    await member.start();
    await member.waitUntilServing();
    const caughtUp = system.newClient({}, [member.endpoint]);
    await expect(caughtUp.get('cut/a', { revision: revision - 1 })).rejects.toMatchObject({
      code: 'compacted',
    });
    gate.open();
    await expect(take(plain, 1)).rejects.toMatchObject({ code: 'compacted', compactRevision: revision });
    const [state] = await take(copy, 1);
    if (state?.type !== 'state') throw new Error('its state was lost');
    expect(state.entries.map((entry) => `${entry.keyText}=${entry.text}`)).toEqual(['cut/a=2']);
    await client.put('cut/b', '1');
    const [next] = await take(copy, 1);
    if (next?.type !== 'put') throw new Error('then it goes on');
    expect(brief(next)).toBe('cut/b=1');
    copy.close();
  }, 60_000);

  test('a watch leaves a member that has frozen', async () => {
    const client = system.newClient({ startAt: 'first', connectTimeoutMs: 200 });
    const [member] = system.cluster.members;
    const watch = client.watch('frozen');
    member?.pause();
    try {
      const ready = watch.ready();
      await expect(ready).resolves.toBeGreaterThan(0);
      await system.newClient({ timeoutMs: 20_000 }, system.cluster.endpoints.slice(1)).put('frozen', 'x');
      expect((await take(watch, 1)).map(brief)).toEqual(['frozen=x']);
      watch.close();
    } finally {
      member?.resume();
    }
  }, 60_000);

  test('a lease, a lock and a leadership outlive the leader of the cluster', async () => {
    const client = system.newClient();
    await using lease = await client.lease(2);
    await using lock = await client.acquire('outlives', { ttlSeconds: 2 });
    await using leadership = await client.election('outlives too').campaign('me', { ttlSeconds: 2 });
    const waiting = system.newClient().acquire('outlives');
    const leader = await system.cluster.waitForLeader();
    await leader.kill();
    try {
      const until = performance.now() + 2500; // Longer than they live by themselves.
      await vi.waitUntil(() => performance.now() > until, { timeout: 20_000 });
      expect([lease.isAlive, lock.isHeld, leadership.isHeld]).toEqual([true, true, true]);
      expect((await client.election('outlives too').leader({ timeoutMs: 20_000 }))?.text).toBe('me');
      await lock.release({ timeoutMs: 20_000 });
      await using next = await waiting;
      expect(next.fence).toBeGreaterThan(lock.fence);
    } finally {
      await leader.start();
      await leader.waitUntilServing();
    }
  }, 60_000);

  test('a cluster that does not answer: what is not renewed in time is lost', async () => {
    const client = system.newClient({ timeoutMs: 1000 });
    const lease = await client.lease(1);
    const losing = client.lock(
      'gone',
      (_fence, signal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
      { ttlSeconds: 1 },
    );
    const lost = expect(losing).rejects.toMatchObject({ code: 'lock-lost' });
    await vi.waitUntil(async () => (await client.prefix('gone/').count()) === 1, { timeout: 20_000 });
    const frozenAtMs = performance.now();
    for (const member of system.cluster.members) member.pause();
    try {
      expect(await lease.lost).toMatchObject({ code: 'lease-lost' });
      expect(performance.now() - frozenAtMs).toBeLessThan(lease.ttlSeconds * 1000 + 500);
      await lost;
    } finally {
      for (const member of system.cluster.members) member.resume();
    }
  }, 60_000);
});
