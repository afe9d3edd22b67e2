import { expect, test } from 'vitest';

import { describeOnBoth } from '../client/systems.js';
import { firstLines, follow, lines, quorate } from './io.js';

test.each(['lock', 'elect'])('%s --help', async (command) => {
  const run = await quorate([...command.split(' '), '--help']);
  expect(run).toMatchObject({ code: 0, err: '' });
  expect(run.out).toMatchSnapshot();
});

describeOnBoth('quorate lock', 1, (system) => {
  const here = () => ({ env: { QUORATE_ENDPOINTS: system.cluster.endpoints.join() } });
  const run = (...args: readonly string[]) => quorate(args, here());
  const keysBelow = async (prefix: string) => (await run('get', '--prefix', prefix, '--keys-only')).out;

  test('tells key and fence, is held until Ctrl-C, and then free', async () => {
    const running = follow(['lock', 'l/a'], here());
    await running.until(lines(1));
    const key = (await keysBelow('l/a/')).trim();
    expect(key).toMatch(/^l\/a\/[0-9a-f]{1,16}$/);
    const { createRevision } = await entryOf(key);
    expect(await running.interrupt()).toMatchObject({
      code: 0,
      out: `locked  ${key}  fence ${createRevision}\n`,
      err: '',
    });
    expect(await keysBelow('l/a/')).toBe('');
    const { out } = await firstLines(1, ['lock', 'l/a', '--json'], here());
    const next = JSON.parse(out) as { readonly fence: number };
    expect(next).toEqual({
      key: expect.any(String) as string,
      keyText: expect.stringMatching(/^l\/a\//) as string,
      fence: next.fence,
    });
    expect(next.fence).toBeGreaterThan(createRevision);
    expect((await firstLines(1, ['lock', '--hex', '6c2f61'], here())).out).toMatch(
      /^locked {2}6c2f612f[0-9a-f]+ /,
    );
  });

  async function entryOf(key: string): Promise<{ readonly createRevision: number }> {
    const { out } = await run('get', '--json', key);
    const [entry] = (JSON.parse(out) as { entries: { createRevision: number }[] }).entries;
    return entry ?? { createRevision: 0 };
  }

  test('runs a command that knows key and fence, and passes its exit code on', async () => {
    const show = 'echo "$QUORATE_LOCK_KEY $QUORATE_LOCK_FENCE $1"; exit 7';
    const shown = await run('lock', 'l/c', '--', 'sh', '-c', show, 'sh', '--json');
    expect(shown).toMatchObject({ code: 7, err: '' });
    expect(shown.out).toMatch(/^l\/c\/[0-9a-f]{1,16} \d+ --json\n$/);
    expect(await run('lock', 'l/c', '--', 'true')).toMatchObject({ code: 0, out: '', err: '' });
    expect(await run('lock', 'l/c', '--', 'sh', '-c', 'kill -9 $$')).toMatchObject({ code: 137 });
    expect(await run('lock', 'l/c', '--', 'no-such-command')).toMatchObject({
      code: 127,
      err: 'quorate: no-such-command: there is no such command\n',
    });
    expect(await run('lock', 'l/c', '--', '/')).toMatchObject({ code: 126 });
    expect(await keysBelow('l/c/')).toBe('');
  });

  test('one at a time: the next one waits, and --wait bounds that', async () => {
    const first = follow(['lock', 'l/w'], here());
    await first.until(lines(1));
    for (const wait of ['0', '50ms']) {
      expect(await run('lock', 'l/w', '--wait', wait, '--', 'echo', 'mine')).toMatchObject({
        code: 1,
        out: '',
        err: 'quorate: the lock l/w was not to be had within --wait\n',
      });
    }
    const second = run('lock', 'l/w', '--wait', '60s', '--', 'echo', 'mine');
    await expect.poll(() => keysBelow('l/w/'), { timeout: 10_000 }).toMatch(/\n.*\n/);
    await first.interrupt();
    expect(await second).toMatchObject({ code: 0, out: 'mine\n' });
    expect(await run('lock', 'l/w', '--wait', '0', '--', 'echo', 'mine')).toMatchObject({ code: 0 });
  });

  test('Ctrl-C while waiting ends with code 130 and leaves the line', async () => {
    const first = follow(['lock', 'l/i'], here());
    await first.until(lines(1));
    const second = follow(['lock', 'l/i'], here());
    await expect.poll(() => keysBelow('l/i/'), { timeout: 10_000 }).toMatch(/\n.*\n/);
    expect(await second.interrupt()).toMatchObject({ code: 130, out: '' });
    expect(await keysBelow('l/i/')).toMatch(/^.*\n$/);
    await first.interrupt();
  });

  test.each([
    [
      'ends by SIGTERM',
      '60s',
      'trap "echo ending; exit 5" TERM; echo begun; while :; do sleep 0.02; done',
      'begun\nending\n',
    ],
    [
      'ends by SIGKILL if need be',
      '100ms',
      'trap "" TERM; echo begun; while :; do sleep 0.02; done',
      'begun\n',
    ],
  ])('a command whose lock is lost %s', async (_, grace, script, out) => {
    const running = follow(['lock', 'l/lost', '--grace', grace, '--', 'sh', '-c', script], here());
    await running.until(lines(1));
    await run('del', '--prefix', 'l/lost/');
    expect(await running.ended).toMatchObject({
      code: 1,
      out,
      err: expect.stringMatching(
        /^quorate: lock l\/lost\/[0-9a-f]+: somebody deleted its key; somebody else may have had it while sh ran\n$/,
      ) as string,
    });
  });

  test('a lock that is lost while it is held ends with code 1', async () => {
    const running = follow(['lock', 'l/gone'], here());
    await running.until(lines(1));
    await run('del', '--prefix', 'l/gone/');
    expect(await running.ended).toMatchObject({
      code: 1,
      err: expect.stringContaining('somebody deleted its key') as string,
    });
  });

  test('Ctrl-C ends the command, whose exit code counts', async () => {
    const script = 'trap "exit 5" TERM; echo begun; while :; do sleep 0.02; done';
    expect(await firstLines(1, ['lock', 'l/x', '--', 'sh', '-c', script], here())).toMatchObject({ code: 5 });
    expect(await keysBelow('l/x/')).toBe('');
  });
});

describeOnBoth('quorate elect', 1, (system) => {
  const here = () => ({ env: { QUORATE_ENDPOINTS: system.cluster.endpoints.join() } });
  const run = (...args: readonly string[]) => quorate(args, here());

  test('leads until Ctrl-C; whoever listens is told of each leader', async () => {
    const listener = follow(['elect', '--listen', 'e/a'], here());
    const ada = follow(['elect', 'e/a', 'ada'], here());
    await ada.until(lines(1));
    await listener.until(lines(1));
    const grace = follow(['elect', 'e/a', 'grace', '--json'], here());
    await expect.poll(async () => (await run('get', '--prefix', 'e/a/', '--count-only')).out).toBe('2\n');
    const [key, revision] = [/e\/a\/[0-9a-f]+/, /\d+/].map((part) => part.source);
    const first = await ada.interrupt();
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(new RegExp(`^leading {2}${key} {2}revision ${revision}\n$`));
    await grace.until(lines(1));
    await listener.until(lines(2));
    expect(JSON.parse((await grace.interrupt()).out)).toMatchObject({
      keyText: expect.stringMatching(/^e\/a\//) as string,
      revision: expect.any(Number) as number,
    });
    const heard = await listener.interrupt();
    expect(heard).toMatchObject({ code: 0, err: '' });
    expect(heard.out).toMatch(new RegExp(`^${key}\tada\n${key}\tgrace\n$`));
  });

  test('a leadership that is lost ends with code 1', async () => {
    const leader = follow(['elect', 'e/b', 'ada'], here());
    await leader.until(lines(1));
    const { out } = await firstLines(1, ['elect', '-l', '--json', 'e/b'], here());
    expect(JSON.parse(out)).toMatchObject({ valueText: 'ada', version: 1 });
    await run('del', '--prefix', 'e/b/');
    expect(await leader.ended).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^quorate: election e\/b\/[0-9a-f]+: somebody deleted its key\n$/) as string,
    });
  });
});

test.each([[['lock', 'x']], [['elect', 'x', 'y']], [['elect', '--listen', 'x']]])(
  'nobody answers %j',
  async (args) => {
    const run = await quorate([...args, '--endpoints', '127.0.0.1:1']);
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toMatch(/ECONNREFUSED 127\.0\.0\.1:1 .*\n.*--endpoints, or QUORATE_ENDPOINTS/);
  },
);

test.each([
  [['lock'], 'NAME is missing'],
  [['lock', ''], 'NAME must not be empty'],
  [['lock', 'a', 'b'], 'unexpected argument "b"'],
  [['lock', 'a', '--'], 'a command has to follow --'],
  [['lock', 'a', '--ttl', '0'], '--ttl needs whole seconds, 1 or more, not "0"'],
  [['lock', 'a', '--ttl', '1500ms'], '--ttl needs whole seconds, 1 or more, not "1500ms"'],
  [['elect', 'a'], 'VALUE is missing'],
  [['elect', '', 'v'], 'NAME must not be empty'],
  [['elect', '--listen', 'a', 'v'], 'unexpected argument "v"'],
])('%j is refused', async (args, message) => {
  const run = await quorate(args);
  expect(run).toMatchObject({ code: 2, out: '' });
  expect(run.err).toBe(`quorate: ${message}\nSee \`quorate ${String(args[0])} --help\`.\n`);
});
