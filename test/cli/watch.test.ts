import { expect, test, vi } from 'vitest';

import { describeOnBoth } from '../client/systems.js';
import { firstLines, follow, lines, quorate } from './io.js';

test.each(['watch'])('%s --help', async (command) => {
  const run = await quorate([...command.split(' '), '--help']);
  expect(run).toMatchObject({ code: 0, err: '' });
  expect(run.out).toMatchSnapshot();
});

describeOnBoth('quorate watch', 1, (system) => {
  const here = () => ({ env: { QUORATE_ENDPOINTS: system.cluster.endpoints.join() } });
  const run = (...args: readonly string[]) => quorate(args, here());
  const watch = (count: number, ...args: readonly string[]) => firstLines(count, ['watch', ...args], here());
  async function write(command: string, ...args: readonly string[]): Promise<number> {
    const { out } = await run(command, '--json', ...args);
    return (JSON.parse(out) as { readonly revision: number }).revision;
  }

  test('prints a line for each event; Ctrl-C ends it well', async () => {
    const first = await write('put', 'p/a', '1');
    await run('put', 'p/a', 'two\nlines');
    await run('del', 'p/a');
    const from = ['--rev', String(first)];
    const [one, two, three] = [
      `${first}\tput\tp/a\t1\n`,
      `${first + 1}\tput\tp/a\ttwo\\nlines\n`,
      `${first + 2}\tdelete\tp/a\n`,
    ];
    expect(await watch(3, ...from, 'p/a')).toMatchObject({ code: 0, out: one + two + three, err: '' });
    for (const flag of ['--previous', '--prev-kv']) {
      expect((await watch(5, ...from, flag, 'p/a')).out).toBe(
        `${one}${two}before: 1\n${three}before: two\\nlines\n`,
      );
    }
    expect((await watch(1, ...from, '--filter', 'delete', 'p/a')).out).toBe(three);
    expect((await watch(2, ...from, '--filter', 'put', 'p/a')).out).toBe(one + two);
    expect((await watch(3, ...from, '--hex', '702f61')).out).toContain(`${first}\tput\t702f61\t31\n`);
  });

  test('sees what happens from now on, which --progress tells', async () => {
    const before = await write('put', 'live', 'before');
    const running = follow(['watch', '--progress', '--timeout', '1s', '--prefix', 'live'], here());
    await running.until(lines(1));
    // What is to be shown is that nothing happens when the time of --timeout is over.
    const until = performance.now() + 1100;
    await vi.waitUntil(() => performance.now() > until, { timeout: 20_000 });
    await run('put', 'live', 'after');
    await run('put', 'other', 'x');
    await run('put', 'live/2', 'after');
    await running.until(lines(3));
    expect((await running.interrupt()).out).toBe(
      `${before}\tprogress\n${before + 1}\tput\tlive\tafter\n${before + 3}\tput\tlive/2\tafter\n`,
    );
  });

  test('of ranges', async () => {
    const first = await write('put', 'r/a', '1');
    for (const key of ['r/b', 'r/c', 'r/d']) await run('put', key, '1');
    const keysOf = ({ out }: { readonly out: string }): string => [...out.matchAll(/r\/./g)].join();
    const from = ['--rev', String(first)];
    expect(keysOf(await watch(2, ...from, 'r/b', 'r/d'))).toBe('r/b,r/c');
    expect(keysOf(await watch(2, ...from, 'r/b', '--range-end', 'r/d'))).toBe('r/b,r/c');
    expect(keysOf(await watch(4, ...from, '--prefix', 'r/'))).toBe('r/a,r/b,r/c,r/d');
    expect(keysOf(await watch(2, ...from, '--from-key', 'r/c'))).toBe('r/c,r/d');
  });

  test('in JSON, a line an event', async () => {
    const first = await write('put', 'j', 'ü');
    await run('del', 'j');
    const { out } = await watch(2, '--rev', String(first), '--previous', '--json', 'j');
    const [put, gone] = out
      .split('\n')
      .map((line) => (line === '' ? undefined : (JSON.parse(line) as unknown)));
    const entry = {
      key: 'ag==',
      keyText: 'j',
      value: Buffer.from('ü').toString('base64'),
      valueText: 'ü',
      createRevision: first,
      modRevision: first,
      version: 1,
    };
    expect(put).toEqual({ type: 'put', revision: first, entry });
    expect(gone).toEqual({ type: 'delete', revision: first + 1, key: 'ag==', keyText: 'j', previous: entry });
  });

  test('runs a command for each event, which finds it in its environment and on standard input', async () => {
    const first = await write('put', 'c', "it's $HOME; `x`");
    await run('put', 'c', 'x'.repeat(100_000));
    await quorate(['put', 'c', '-'], { ...here(), stdin: Buffer.from([0x61, 0x00, 0xff]) });
    await run('del', 'c');
    const show =
      'echo "$QUORATE_WATCH_REVISION $QUORATE_WATCH_TYPE $QUORATE_WATCH_KEY=${QUORATE_WATCH_VALUE-left out}"; wc -c';
    const { code, out, err } = await watch(8, '--rev', String(first), 'c', '--', 'sh', '-c', show);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const shown = out.split('\n');
    expect(shown[0]).toBe(`${first} put c=it's $HOME; \`x\``);
    expect(shown[2]).toBe(`${first + 1} put c=left out`);
    expect(Number(shown[3])).toBeGreaterThan(200_000); // Base64 and text.
    expect(shown[4]).toBe(`${first + 2} put c=a\\x00\\xff`);
    expect(shown[6]).toBe(`${first + 3} delete c=`);
    expect(Number(shown[7])).toBe(
      `{"type":"delete","revision":${first + 3},"key":"Yw==","keyText":"c"}\n`.length,
    );
  });

  test('a key that begins with a dash, and a command', async () => {
    const first = await write('put', '--', '-k', 'v');
    expect((await watch(1, '--rev', String(first), '--', '-k')).out).toBe(`${first}\tput\t-k\tv\n`);
    expect((await watch(1, '--rev', String(first), '--', '-k', '--', 'echo', '--', 'seen')).out).toBe(
      '-- seen\n',
    );
  });

  test('ends when a command fails, and says where to go on', async () => {
    const first = await write('put', 'f', '1');
    await run('put', 'f', '2');
    const from = ['watch', '--rev', String(first), 'f', '--'];
    expect(await run(...from, 'sh', '-c', 'echo "$QUORATE_WATCH_REVISION"; exit 3')).toMatchObject({
      code: 1,
      out: `${first}\n`,
      err: `quorate: sh ended with code 3; go on with --rev ${first}\n`,
    });
    expect(await run(...from, 'no-such-command')).toMatchObject({
      code: 1,
      err: `quorate: no-such-command: there is no such command; go on with --rev ${first}\n`,
    });
  });

  test('Ctrl-C ends the command too, even one that does not want to', async () => {
    const first = await write('put', 's', '1');
    const stubborn = ['sh', '-c', 'trap "" TERM; echo begun; while :; do sleep 0.02; done'];
    const args = ['--rev', String(first), '--grace', '50ms', 's', '--', ...stubborn];
    expect(await watch(1, ...args)).toMatchObject({ code: 0, out: 'begun\n', err: '' });
  });

  test('history that is gone ends it, and it says where history begins', async () => {
    const first = await write('put', 'old', '1');
    const last = await write('put', 'old', '2');
    await run('compact', String(last));
    expect(await run('watch', '--rev', String(first), 'old')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(
        new RegExp(`^quorate: watch: history .* begin with --rev ${last} or later`),
      ) as string,
    });
  });
});

test('nobody answers', async () => {
  const run = await quorate(['watch', 'k', '--endpoints', '127.0.0.1:1']);
  expect(run).toMatchObject({ code: 4, out: '' });
  expect(run.err).toMatch(/ECONNREFUSED 127\.0\.0\.1:1 .*\n.*--endpoints, or QUORATE_ENDPOINTS/);
});

test.each([
  [['watch'], 'KEY is missing'],
  [['watch', ''], "KEY must not be empty; for all keys: --prefix ''"],
  [['watch', 'a', 'b', 'c'], 'unexpected argument "c"'],
  [['watch', 'a', 'b', '--range-end', 'c'], 'RANGE_END and --range-end exclude each other'],
  [['watch', 'a', 'b', '--prefix'], '--prefix and --range-end exclude each other'],
  [['watch', 'a', '--'], 'a command has to follow --'],
  [
    ['watch', 'a', '--filter', 'puts'],
    '--filter must be one of all, put, delete, not "puts"; did you mean put?',
  ],
])('%j is refused', async (args, message) => {
  const run = await quorate(args);
  expect(run).toMatchObject({ code: 2, out: '' });
  expect(run.err).toBe(`quorate: ${message}\nSee \`quorate watch --help\`.\n`);
});
