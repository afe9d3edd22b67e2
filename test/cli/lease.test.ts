import { expect, test } from 'vitest';

import { describeOnBoth } from '../client/systems.js';
import { follow, lines, quorate } from './io.js';

test.each(['lease', 'lease grant', 'lease revoke', 'lease keep-alive', 'lease ttl', 'lease list'])(
  '%s --help',
  async (command) => {
    const run = await quorate([...command.split(' '), '--help']);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatchSnapshot();
  },
);

describeOnBoth('quorate lease', 1, (system) => {
  const here = () => ({ env: { QUORATE_ENDPOINTS: system.cluster.endpoints.join() } });
  const run = (...args: readonly string[]) => quorate(args, here());
  async function grant(...args: readonly string[]): Promise<string> {
    const { out } = await run('lease', 'grant', '60', ...args, '--json');
    return (JSON.parse(out) as { readonly lease: string }).lease;
  }

  test('grant, ttl, list and revoke', async () => {
    const { out } = await run('lease', 'grant', '5m');
    const id = /^lease ([0-9a-f]{1,16}) granted with TTL 300 s\n$/.exec(out)?.[1] ?? 'none';
    await run('put', '--lease', id, 'leased/a', '1');
    await run('put', '--lease', id, 'leased/\n', '1');
    expect((await run('lease', 'ttl', id)).out).toMatch(
      new RegExp(`^lease ${id} has (300|29\\d) s left of 300 s\n$`),
    );
    expect((await run('lease', 'ttl', '--keys', `0x${id}`)).out.split('\n').slice(1).sort()).toEqual([
      '',
      'leased/\\n',
      'leased/a',
    ]);
    expect(JSON.parse((await run('lease', 'ttl', '--json', id)).out)).toEqual({
      lease: id,
      ttlSeconds: expect.any(Number) as number,
      grantedSeconds: 300,
    });
    expect((await run('lease', 'list')).out.split('\n')).toContain(id);
    expect(await run('lease', 'revoke', id)).toMatchObject({
      code: 0,
      out: `lease ${id} revoked\n`,
      err: '',
    });
    expect(await run('get', '--prefix', 'leased/')).toMatchObject({ out: '' });
    expect((await run('lease', 'list')).out).not.toContain(id);
  });

  test('an id of one’s own, over all 64 bits', async () => {
    for (const id of ['17', 'fffffffffffffff0']) {
      expect(await grant('--id', id)).toBe(id);
      expect(await run('lease', 'grant', '60', '--id', id)).toMatchObject({
        code: 1,
        err: expect.stringContaining('`quorate lease ttl`') as string,
      });
      await run('put', '--lease', id, 'own', '');
      expect(JSON.parse((await run('lease', 'ttl', '--keys', '--json', id)).out)).toMatchObject({
        lease: id,
        keys: [{ key: 'b3du', keyText: 'own' }],
      });
      expect(JSON.parse((await run('lease', 'revoke', '--json', id)).out)).toEqual({ lease: id });
    }
    expect(JSON.parse((await run('lease', 'list', '--json')).out)).toEqual({ leases: [] });
  });

  test('what is not there ends with code 3 and says so', async () => {
    for (const args of [['ttl'], ['revoke'], ['keep-alive'], ['keep-alive', '--once']]) {
      expect(await run('lease', ...args, '4711')).toMatchObject({
        code: 3,
        out: '',
        err: 'quorate: there is no lease 4711: it has ended, or was revoked; see `quorate lease list`\n',
      });
    }
  });

  test('keep-alive --once', async () => {
    const id = await grant();
    expect((await run('lease', 'keep-alive', '--once', id)).out).toBe(`lease ${id} renewed with TTL 60 s\n`);
    expect(JSON.parse((await run('lease', 'keep-alive', '--once', '--json', id)).out)).toEqual({
      lease: id,
      ttlSeconds: 60,
    });
  });

  test('keep-alive until Ctrl-C leaves the lease there', async () => {
    const id = await grant();
    const running = follow(['lease', 'keep-alive', id], here());
    await running.until(lines(1));
    expect(await running.interrupt()).toMatchObject({
      code: 0,
      err: '',
      out: `lease ${id} renewed with TTL 60 s\n`,
    });
    expect(await run('lease', 'ttl', id)).toMatchObject({ code: 0 });
  });

  test('keep-alive of one that somebody revokes ends with code 1', async () => {
    const { out } = await run('lease', 'grant', '1', '--json');
    const { lease } = JSON.parse(out) as { readonly lease: string };
    const running = follow(['lease', 'keep-alive', lease], here());
    await running.until(lines(1));
    await run('lease', 'revoke', lease);
    expect(await running.ended).toMatchObject({
      code: 1,
      err: expect.stringContaining(`lease ${lease}: it has ended, or somebody revoked it`) as string,
    });
  });
});

test.each([['list'], ['grant', '60'], ['ttl', '1'], ['revoke', '1'], ['keep-alive', '1']])(
  'nobody answers lease %s',
  async (...args) => {
    const run = await quorate(['lease', ...args, '--endpoints', '127.0.0.1:1']);
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toMatch(/ECONNREFUSED 127\.0\.0\.1:1 .*\n.*--endpoints, or QUORATE_ENDPOINTS/);
  },
);

const ttlRefused = 'TTL must be whole seconds, 1 to 9000000000, or a time such as 90s or 5m, not';

test.each([
  [['grant'], 'TTL is missing'],
  [['grant', '0'], `${ttlRefused} "0"`],
  [['grant', 'soon'], `${ttlRefused} "soon"`],
  [['grant', '1.5s'], `${ttlRefused} "1.5s"`],
  [['grant', '9000000001'], `${ttlRefused} "9000000001"`],
  [
    ['revoke', 'xyz'],
    'ID needs a lease id of up to 16 hexadecimal digits, not "xyz"; see `quorate lease list`',
  ],
  [['ttl', ''], 'ID needs a lease id of up to 16 hexadecimal digits, not ""; see `quorate lease list`'],
  [['keepalive', '1'], 'unknown command lease keepalive; did you mean keep-alive?'],
  [[], 'grant, revoke, keep-alive, ttl, list: one of these has to follow lease'],
])('lease %j is refused', async (args, message) => {
  const run = await quorate(['lease', ...args]);
  expect(run).toMatchObject({ code: 2, out: '' });
  expect(run.err).toBe(`quorate: ${message}\nSee \`quorate lease --help\`.\n`);
});
