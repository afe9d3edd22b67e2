import { expect, expectTypeOf, test } from 'vitest';

import type { ChangeEvent, Client, ProgressEvent, StateEvent, Watch } from '../../src/client/index.js';
import { describeOnBoth } from './systems.js';

/** The next so many events of a watch that goes on. */
async function take<Event>(watch: Watch<Event>, count: number): Promise<Event[]> {
  const events: Event[] = [];
  const iterator = watch[Symbol.asyncIterator]();
  while (events.length < count) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    events.push(value);
  }
  return events;
}

const brief = (event: ChangeEvent): string =>
  event.type === 'put' ? `${event.keyText}=${event.entry.text}` : `${event.keyText} gone`;

async function putAll(client: Client, ...keys: readonly string[]): Promise<number> {
  let last = 0;
  for (const key of keys) last = (await client.put(key, `value of ${key}`)).revision;
  return last;
}

describeOnBoth('a watch', 1, (system) => {
  test('sees changes as they happen, from when it is ready', async () => {
    const client = system.newClient();
    const watch = client.watch({ prefix: 'now/' });
    const first = await watch.ready();
    const { revision } = await client.put('now/a', '1');
    expect(first).toBeLessThanOrEqual(revision);
    await client.put('elsewhere', '1');
    await client.put('now/a', '2');
    await client.delete('now/a');
    const events = await take(watch, 3);
    expect(events.map(brief)).toEqual(['now/a=1', 'now/a=2', 'now/a gone']);
    expect(events[0]).toMatchObject({ type: 'put', revision, entry: { version: 1 }, previous: undefined });
    expect(watch.revision).toBe(events[2]?.revision);
    watch.close();
    expect(await take(watch, 1)).toEqual([]);
  });

  test('sees the past', async () => {
    const client = system.newClient();
    const { revision } = await client.put('past/a', '1');
    await putAll(client, 'past/b', 'past/c');
    const seen: string[] = [];
    for await (const event of client.watch({ prefix: 'past/' }, { fromRevision: revision })) {
      seen.push(event.keyText);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['past/a', 'past/b', 'past/c']);
  });
});

test('the options say which events there are', () => {
  const watchOf = (client: Client) => ({
    plain: () => client.watch('a'),
    empty: () => client.watch('a', {}),
    previous: () => client.watch('a', { previous: true }),
    state: () => client.watch('a', { withState: true }),
    both: () => client.watch('a', { withState: true, progress: true }),
    maybe: (progress: boolean) => client.watch('a', { progress }),
  });
  type Made = ReturnType<typeof watchOf>;
  expectTypeOf<ReturnType<Made['plain']>>().toEqualTypeOf<Watch>();
  expectTypeOf<ReturnType<Made['empty']>>().toEqualTypeOf<Watch>();
  expectTypeOf<ReturnType<Made['previous']>>().toEqualTypeOf<Watch>();
  expectTypeOf<ReturnType<Made['state']>>().toEqualTypeOf<Watch<ChangeEvent | StateEvent>>();
  expectTypeOf<ReturnType<Made['both']>>().toEqualTypeOf<Watch<ChangeEvent | StateEvent | ProgressEvent>>();
  expectTypeOf<ReturnType<Made['maybe']>>().toEqualTypeOf<Watch<ChangeEvent | ProgressEvent>>();
});
