import { describe, expect, test } from 'vitest';

import { describeOnBoth } from '../client/systems.js';
import { quorate } from './io.js';
import type { CliSurroundings } from './io.js';

const binary = Buffer.from([0x00, 0x1b, 0xff, 0x0a]);

describeOnBoth('the commands', 1, (system) => {
  const run = (args: readonly string[], surroundings: CliSurroundings = {}) =>
    quorate(args, { ...surroundings, env: { QUORATE_ENDPOINTS: system.cluster.endpoints.join() } });
  const json = async (args: readonly string[], surroundings?: CliSurroundings): Promise<unknown> => {
    const { out } = await run([...args, '--json'], surroundings);
    return JSON.parse(out);
  };

  test('put and get', async () => {
    expect(await run(['put', 'colour', 'blue'])).toMatchObject({ code: 0, err: '' });
    expect((await run(['put', '--previous', 'colour', 'green'])).out).toMatch(
      /^OK {2}revision \d+\nbefore: blue\n$/,
    );
    expect(await run(['get', 'colour'])).toMatchObject({ code: 0, out: 'green\n', err: '' });
    expect(await run(['get', 'colour', '--keys-only'])).toMatchObject({ code: 0, out: 'colour\n' });
    expect((await run(['put', 'colour', 'red'], { isTerminal: true })).out).toContain(
      '\u001b[32mOK\u001b[39m',
    );
  });

  test('a key that is not there ends with code 3', async () => {
    expect(await run(['get', 'nothing'])).toMatchObject({
      code: 3,
      out: '',
      err: 'quorate: no key nothing\n',
    });
    expect(await run(['get', 'nothing', '--json'])).toMatchObject({ code: 3, err: '' });
    expect(await run(['get', '--prefix', 'nothing'])).toMatchObject({ code: 0, out: '', err: '' });
  });

  test('values from standard input, and back, byte for byte', async () => {
    await run(['put', 'binary', '-'], { stdin: binary });
    expect((await run(['get', 'binary', '--value-only'])).outBytes).toEqual(binary);
    expect((await run(['get', 'binary'])).out).toBe('\\x00\\x1b\\xff\\n\n');
    expect((await run(['get', 'binary', '--hex'])).err).toContain('is not hexadecimal');
    expect((await run(['get', Buffer.from('binary').toString('hex'), '--hex'])).out).toBe('001bff0a\n');
  });

  test('ranges', async () => {
    for (const key of ['r/a', 'r/b', 'r/c']) await run(['put', key, `value of ${key}`]);
    expect((await run(['get', '--prefix', 'r/'])).out).toBe(
      'r/a\tvalue of r/a\nr/b\tvalue of r/b\nr/c\tvalue of r/c\n',
    );
    expect((await run(['get', 'r/b', '--range-end', 'r/c', '--keys-only'])).out).toBe('r/b\n');
    expect((await run(['get', 'r/b', '--from-key', '--limit', '2', '--keys-only'])).out).toBe('r/b\nr/c\n');
    expect(
      (await run(['get', '--prefix', 'r/', '--order', 'descend', '--limit', '1', '--keys-only'])).out,
    ).toBe('r/c\n');
    expect((await run(['get', '--prefix', 'r/', '--count-only'])).out).toBe('3\n');
    expect((await run(['get', '--prefix', 'r/', '--value-only'])).out).toBe(
      'value of r/a\nvalue of r/b\nvalue of r/c\n',
    );
    const table = (await run(['get', '--prefix', 'r/', '--long'])).out.split('\n');
    expect(table[0]).toMatch(/^KEY +VALUE +CREATED +MODIFIED +VERSION +LEASE$/);
    expect(table[1]).toMatch(/^r\/a +value of r\/a +\d+ +\d+ +1$/);
  });

  test('the latest writes first', async () => {
    await run(['put', 's/z', '1']);
    await run(['put', 's/a', '2']);
    const byMod = ['get', '--prefix', 's/', '--sort-by', 'mod', '--keys-only'];
    expect((await run([...byMod])).out).toBe('s/z\ns/a\n');
    expect((await run([...byMod, '--order', 'descend'])).out).toBe('s/a\ns/z\n');
  });

  test('as of an earlier revision', async () => {
    const first = (await json(['put', 'old', '1'])) as { revision: number };
    await run(['put', 'old', '2']);
    expect((await run(['get', 'old', '--rev', String(first.revision)])).out).toBe('1\n');
  });

  test('JSON', async () => {
    const put = await json(['put', 'j', 'ü']);
    expect(put).toEqual({ revision: expect.any(Number) as number });
    const { revision } = put as { revision: number };
    const entry = {
      key: 'ag==',
      keyText: 'j',
      value: Buffer.from('ü').toString('base64'),
      valueText: 'ü',
      createRevision: revision,
      modRevision: revision,
      version: 1,
    };
    expect(await json(['get', 'j'])).toEqual({ revision, count: 1, more: false, entries: [entry] });
    expect(await json(['get', '--prefix', 'no such'])).toEqual({
      revision,
      count: 0,
      more: false,
      entries: [],
    });
    expect(await json(['get', 'j', '--count-only'])).toEqual({ revision, count: 1 });
    expect(await json(['put', 'j', '-', '--previous'], { stdin: binary })).toEqual({
      revision: revision + 1,
      previous: entry,
    });
    const { entries } = (await json(['get', 'j'])) as { entries: object[] };
    expect(entries[0]).not.toHaveProperty('valueText');
    expect(await json(['del', 'j'])).toEqual({ revision: revision + 2, deleted: 1, previous: [] });
  });

  test('del', async () => {
    for (const key of ['d/a', 'd/b', 'd/c']) await run(['put', key, 'x']);
    expect((await run(['del', 'd/a', '--previous'])).out).toMatch(
      /^d\/a\tx\ndeleted 1 key {2}revision \d+\n$/,
    );
    expect((await run(['del', '--prefix', 'd/'])).out).toMatch(/^deleted 2 keys /);
    expect(await run(['del', 'd/a'])).toMatchObject({ code: 0 });
  });

  test('txn', async () => {
    await run(['put', 't', '1']);
    const stdin = 'value(t) = 1\n\nput t 2\nget t\n\nget t\ndel "no such"\n';
    expect((await run(['txn'], { stdin })).out).toMatch(
      /^SUCCESS {2}revision \d+\nput {2}OK\nget {2}1 key\n {5}t\t2\n$/,
    );
    expect((await run(['txn'], { stdin })).out).toMatch(
      /^FAILURE {2}revision \d+\nget {2}1 key\n {5}t\t2\ndel {2}0 keys\n$/,
    );
    expect(await json(['txn'], { stdin })).toMatchObject({
      succeeded: false,
      results: [{ get: { count: 1, entries: [{ keyText: 't', valueText: '2' }] } }, { del: { deleted: 0 } }],
    });
    expect(await run(['txn'], { stdin: 'exists(t)' })).toMatchObject({ code: 2 });
    expect(await run(['txn'], { stdin: '\nput t 1\nput t 2' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('duplicate key given in txn request') as string,
    });
  });

  test('compact', async () => {
    const { revision } = (await json(['put', 'c', '1'])) as { revision: number };
    expect((await run(['compact', String(revision)])).out).toBe(
      `compacted up to revision ${revision}  now at ${revision}\n`,
    );
    expect(await run(['compact', String(revision)])).toMatchObject({ code: 1 });
    expect(await run(['get', 'c', '--rev', String(revision - 1)])).toMatchObject({ code: 1, out: '' });
  });

  test('status', async () => {
    const [endpoint] = system.cluster.endpoints;
    expect(await run(['status'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        new RegExp(`^ENDPOINT .*\n${String(endpoint)} +healthy +leader +[0-9a-f]{16} `),
      ) as string,
    });
    expect(await json(['status', '--cluster'])).toMatchObject({
      endpoints: [{ endpoint, healthy: true, isLeader: true }],
    });
    expect(await run(['status', '--endpoints', `${String(endpoint)},127.0.0.1:1`])).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /127\.0\.0\.1:1 +unreachable\n127\.0\.0\.1:1: status: connect ECONNREFUSED/,
      ) as string,
    });
  });

  test('shared flags may stand before the command', async () => {
    expect(JSON.parse((await run(['--json', '--timeout', '3s', 'get', 'no such'])).out)).toMatchObject({
      count: 0,
    });
  });
});

describe('nobody answers', () => {
  const dead = { env: { QUORATE_ENDPOINTS: '127.0.0.1:1' } };

  test('ends with code 4', async () => {
    const run = await quorate(['put', 'k', 'v'], dead);
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toMatch(/^quorate: put: connect ECONNREFUSED 127\.0\.0\.1:1 /);
    expect(await quorate(['status'], dead)).toMatchObject({ code: 4 });
  });

  test('in JSON too', async () => {
    const run = await quorate(['put', 'k', 'v', '--json'], dead);
    expect(JSON.parse(run.err)).toMatchObject({
      error: { code: 'unavailable', endpoint: '127.0.0.1:1', mayHaveHappened: false },
    });
  });

  test('Ctrl-C ends with code 130', async () => {
    const run = await quorate(['get', 'k'], { ...dead, signal: AbortSignal.abort() });
    expect(run).toMatchObject({ code: 130, out: '' });
  });
});
