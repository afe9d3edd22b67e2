import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';

import { describeOnBoth, whyWithout } from './systems.js';
import { etcdctl } from '../e2e/etcdctl.js';

const patience = { timeout: 20_000 };
const whyNoEtcdctl = whyWithout('etcdctl');

/** Never resolves by itself. */
function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

describeOnBoth('locks', 1, (system) => {
  test('one at a time, first come first served, and each fence is higher than those before', async () => {
    const clients = Array.from({ length: 3 }, () => system.newClient());
    const fences: number[] = [];
    let inside = 0;
    let most = 0;
    const work = async (fence: number, signal: AbortSignal): Promise<string> => {
      inside++;
      most = Math.max(most, inside);
      fences.push(fence);
      await system.newClient().get('something that takes a moment');
      expect(signal.aborted).toBe(false);
      inside--;
      return `done with ${fence}`;
    };
    const contenders = [...clients, ...clients, ...clients, ...clients];
    const results = await Promise.all(contenders.map((client) => client.lock('contended', work)));
    expect(most).toBe(1);
    expect(fences).toEqual(fences.toSorted((a, b) => a - b));
    expect(new Set(results)).toEqual(new Set(fences.map((fence) => `done with ${fence}`)));
    expect(await clients[0]?.prefix('contended/').count()).toBe(0);
  });

  test('what the work throws is thrown, and the lock is free again', async () => {
    const client = system.newClient();
    const failure = new Error('too bad');
    await expect(client.lock('throws', () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await client.tryLock('throws', () => 1)).toEqual({ acquired: true, result: 1 });
  });

  test('trying, and waiting for a while', async () => {
    const client = system.newClient();
    await using held = await client.acquire('taken');
    expect(held).toMatchObject({ isHeld: true, fence: (await client.get(held.key))?.createRevision });
    const work = vi.fn();
    expect(await client.tryLock('taken', work)).toEqual({ acquired: false });
    expect(await client.tryAcquire('taken')).toBeUndefined();
    await using free = await client.tryAcquire('free');
    expect(free).toMatchObject({
      isHeld: true,
      fence: (await client.prefix('free/').collect())[0]?.createRevision,
    });
    await expect(client.lock('taken', work, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'timed-out' });
    const controller = new AbortController();
    const waiting = client.lock('taken', work, { signal: controller.signal });
    const line = client.watch({ prefix: 'taken/' }, { only: 'puts', fromRevision: held.fence + 1 });
    for await (const event of line) if (event.type === 'put') break;
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'canceled' });
    expect(work).not.toHaveBeenCalled();
    // Those who gave up have left the line.
    await vi.waitUntil(async () => (await client.prefix('taken/').count()) === 1, patience);
  });

  test('the signal aborts when somebody deletes the key; the work is told that it was not alone', async () => {
    const client = system.newClient();
    const losing = client.lock('broken', async (_fence, signal) => {
      await client.deletePrefix('broken/');
      await untilAborted(signal);
      expect(signal.reason).toMatchObject({ code: 'lock-lost' });
      return 'done anyway';
    });
    await expect(losing).rejects.toMatchObject({ code: 'lock-lost' });
  });

  test('the signal aborts when the lease is lost, and so does the wait for a lock', async () => {
    const client = system.newClient();
    const lease = await client.lease(60);
    await using other = await client.acquire('held by another');
    const waiting = client.lock('held by another', () => 'never', { lease });
    const losing = client.lock(
      'lost',
      async (_fence, signal) => {
        await system.newClient().revokeLease(lease);
        await lease.revoke();
        await untilAborted(signal);
      },
      { lease },
    );
    await Promise.all([
      expect(losing).rejects.toMatchObject({ code: 'lock-lost' }),
      expect(waiting).rejects.toMatchObject({ code: 'lock-lost' }),
    ]);
    expect(other.isHeld).toBe(true);
  });

  test('on a lease of the caller’s, which outlives it', async () => {
    const client = system.newClient();
    await using lease = await client.lease(60);
    const fence = await client.lock('leased', (given) => given, { lease });
    expect(fence).toBeGreaterThan(0);
    expect(lease.isAlive).toBe(true);
    expect(await client.prefix('leased/').count()).toBe(0);
  });

  test.skipIf(whyNoEtcdctl !== undefined)('together with etcdctl lock', async () => {
    const client = system.newClient();
    const [endpoint = ''] = client.endpoints;
    const env = { PATH: process.env['PATH'], ETCDCTL_API: '3' };
    const child = spawn('etcdctl', ['--endpoints', endpoint, 'lock', 'shared'], { env });
    try {
      const [output] = (await once(child.stdout, 'data')) as [Buffer];
      expect(String(output)).toMatch(/^shared\/[0-9a-f]+\s*$/);
      expect(await client.tryLock('shared', () => 1)).toEqual({ acquired: false });
      const mine = client.acquire('shared');
      child.kill('SIGINT');
      await once(child, 'close');
      await using held = await mine;
      const printed = await etcdctl(endpoint, ['get', '--prefix', '--keys-only', 'shared/']);
      expect(printed.stdout.trim()).toBe(String(held.key));
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describeOnBoth('elections', 1, (system) => {
  test('the leader speaks, resigns, and the next one takes over', async () => {
    const [ada, grace, watcher] = [system.newClient(), system.newClient(), system.newClient()];
    const heard: string[] = [];
    const listening = (async () => {
      for await (const entry of watcher.election('captain').observe()) {
        heard.push(entry.text);
        if (entry.text === 'grace') break;
      }
    })();
    expect(await ada.election('captain').leader()).toBeUndefined();
    const first = await ada.election('captain').campaign('ada');
    expect(first).toMatchObject({ isHeld: true });
    const waiting = grace.election('captain').campaign('grace');
    await vi.waitUntil(() => heard.includes('ada'), patience);
    await first.proclaim('ada, still');
    expect((await grace.election('captain').leader())?.text).toBe('ada, still');
    await vi.waitUntil(() => heard.includes('ada, still'), patience);
    await first.resign();
    const second = await waiting;
    expect(second.revision).toBeGreaterThan(first.revision);
    expect(first.isHeld).toBe(false);
    await expect(first.proclaim('too late')).rejects.toMatchObject({ code: 'leadership-lost' });
    await listening;
    expect(heard).toEqual(['ada', 'ada, still', 'grace']);
    await second.resign();
    expect(await ada.election('captain').leader()).toBeUndefined();
  });

  test('a leader whose lease ends is told; the others go on', async () => {
    const client = system.newClient();
    const election = client.election('deposed');
    const lease = await client.lease(60);
    const first = await election.campaign('first', { lease });
    const waiting = election.campaign('second');
    await expect(election.campaign('third', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'timed-out' });
    await system.newClient().revokeLease(lease);
    await using second = await waiting;
    await vi.waitUntil(() => first.signal.aborted, patience);
    expect(first.signal.reason).toMatchObject({ code: 'leadership-lost' });
    expect(second.isHeld).toBe(true);
  });

  test.skipIf(whyNoEtcdctl !== undefined)('together with etcdctl elect', async () => {
    const client = system.newClient();
    const [endpoint = ''] = client.endpoints;
    const env = { PATH: process.env['PATH'], ETCDCTL_API: '3' };
    const child = spawn('etcdctl', ['--endpoints', endpoint, 'elect', 'mixed', 'from etcdctl'], { env });
    try {
      await once(child.stdout, 'data');
      expect((await client.election('mixed').leader())?.text).toBe('from etcdctl');
      const mine = client.election('mixed').campaign('from here');
      child.kill('SIGINT');
      await using leadership = await mine;
      expect(leadership.isHeld).toBe(true);
      expect((await client.election('mixed').leader())?.text).toBe('from here');
    } finally {
      child.kill('SIGKILL');
    }
  });
});
