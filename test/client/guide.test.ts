import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MockInstance } from 'vitest';

import * as guide from './guide.js';
import { describeOnBoth } from './systems.js';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8');
const withoutIndent = (text: string): string => text.replaceAll(/^[ \t]+/gm, '');

test.each(['docs/client.md', 'docs/locks.md'])('%s shows what runs here', (page) => {
  const tried = withoutIndent(read('test/client/guide.ts'));
  const shown = [...read(page).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
  expect(shown.length).toBeGreaterThan(2);
  for (const code of shown) {
    const lines = withoutIndent(code).replaceAll(/^import .*\n+/gm, '');
    expect(tried).toContain(lines);
  }
});

describeOnBoth('the examples of the guide', 1, (system) => {
  let log: MockInstance<typeof console.log>;
  beforeEach(() => {
    log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  });
  afterEach(() => log.mockRestore());
  const printed = (): unknown[] =>
    log.mock.calls.map((call: unknown[]) => (call.length === 1 ? call[0] : call));

  test('connect', async () => {
    await guide.connecting();
    await guide.connectingSafely('', '', '', 'secret');
    expect(printed()).toEqual([3]);
  });

  test('keys, values and transactions', async () => {
    const client = system.newClient();
    await guide.keysAndValues(client);
    await guide.uncertainty(client);
    await guide.comparing(client);
    await guide.transacting(client);
    expect(printed()).toEqual([
      ['blue', 1, true],
      { width: 3 },
      'config/colour',
      'config/size',
      'it is mine',
      20,
    ]);
  });

  test('watches', async () => {
    const client = system.newClient();
    const watcher = system.newClient();
    const watching = Promise.allSettled([guide.watching(watcher)]);
    // The watch begins with its loop, and what was written before that it does not see.
    await vi.waitUntil(async () => {
      await client.put('users/ada', 'here');
      return printed().length > 0;
    });
    await client.delete('users/ada');
    await vi.waitUntil(() => printed().some((line) => String(line).includes('gone')));
    await watcher.close();
    expect(await watching).toMatchObject([{ reason: { code: 'canceled' } }]);
    expect(printed()).toContainEqual(['users/ada', 'is', 'here']);
    log.mockClear();
    await guide.watchingFrom(client);
    expect(printed()).toEqual([['jobs/1']]);

    const controller = new AbortController();
    await client.put('routes/a', '1');
    const copy = new Map<string, string>();
    const copying = guide.copying(client, copy, controller.signal);
    await vi.waitUntil(() => copy.has('routes/a'));
    await client.put('routes/b', '2');
    await client.delete('routes/a');
    await vi.waitUntil(() => !copy.has('routes/a'));
    expect([...copy]).toEqual([['routes/b', '2']]);
    controller.abort();
    await copying;
  });

  test('leases, locks and elections', async () => {
    const client = system.newClient();
    await guide.leasing(client);
    await guide.locking(client);
    expect(printed()).toEqual([[true, 1], 'the key is gone, or may be', [true, false], [42, true]]);
    log.mockClear();
    await guide.electing(client);
    expect(printed()).toEqual([['10.0.0.7:8080', true], '10.0.0.7:8081']);
    expect(await client.election('scheduler').leader()).toBeUndefined();
    await using leadership = await client.election('scheduler').campaign('me');
    const observer = system.newClient();
    const observing = Promise.allSettled([guide.observing(observer)]);
    await vi.waitUntil(() => printed().length > 2);
    await observer.close();
    await observing;
    expect(printed().at(-1)).toEqual(['the leader is', 'me']);
    expect(leadership.isHeld).toBe(true);
  });

  test('namespaces, and what operators ask', async () => {
    const client = system.newClient();
    await guide.namespacing(client);
    await guide.operating(client);
    await guide.administrating(client);
    expect(printed()).toEqual([['colour', 'blue'], ['n1', false], [true, true, []], []]);
    expect(await client.auth.rolesOf('ada')).toEqual(['reader']);
  });

  test('a fence keeps out who had the lock before', async () => {
    const client = system.newClient();
    const resource = new guide.Resource();
    let late: (() => void) | undefined;
    await client.lock('reports/nightly', (fence) => {
      late = () => resource.save('too late', fence);
    });
    await guide.fencing(client, resource);
    expect(late).toThrow(/is older than/);
    expect(resource.content).toBe('the report');
    await guide.fencingWithinTheStore(client);
    expect((await client.get('reports/latest'))?.text).toBe('the report');
  });
});
