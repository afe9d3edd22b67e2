import { expect, test, vi } from 'vitest';

import { ClientError } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
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

describeOnBoth('a watch on a cluster of three', 3, (system) => {
  test('its member is killed, again and again: every change is seen once, in order', async () => {
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

  test('history is compacted while it is cut off: it says so, or begins anew', async () => {
    const client = system.newClient();
    const [member] = system.cluster.members;
    if (member === undefined) throw new Error('a cluster of three');
    // Only this member is known to the watches, so that they wait for it.
    const alone = system.newClient({}, [member.endpoint]);
    const plain = alone.watch({ prefix: 'cut/' });
    const copy = alone.watch({ prefix: 'cut/' }, { withState: true });
    await plain.ready();
    expect(await take(copy, 1)).toMatchObject([{ type: 'state', entries: [] }]);
    await copy.ready();
    await member.kill();
    await client.get('cut/a', { timeoutMs: 20_000 }); // There is a leader again.
    await client.put('cut/a', '1');
    const { revision } = await client.put('cut/a', '2');
    await client.compact(revision);
    await member.start();
    await member.waitUntilServing();
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

  test('a member that has frozen is left', async () => {
    const client = system.newClient({ startAt: 'first', timeoutMs: 20_000 });
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
});
