import { describe, expect, test } from 'vitest';

import { commandEntries } from '../../src/cli/commands.js';
import { quorate } from './io.js';

describe('help', () => {
  test('the list of commands', async () => {
    const run = await quorate(['--help']);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatchSnapshot();
  });

  test('without a command it is shown too, but that is no success', async () => {
    const run = await quorate([]);
    expect(run).toMatchObject({ code: 2, out: (await quorate(['help'])).out });
  });

  test.each(['exit-codes', 'json'])('the topic %s', async (topic) => {
    expect((await quorate(['help', topic])).out).toMatchSnapshot();
  });

  test.each(['put', 'get', 'del', 'txn', 'compact', 'status'])('%s', async (name) => {
    const run = await quorate([name, '--help']);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatchSnapshot();
    expect((await quorate(['help', name])).out).toBe(run.out);
  });

  test.each(commandEntries.map((entry) => [entry.name, entry] as const))(
    'the list says of %s what the command says itself',
    async (name, entry) => {
      const command = await entry.load();
      expect(command).toMatchObject({ name, summary: entry.summary });
      for (const line of command.help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
    },
  );
});

describe('a wrong command line ends with code 2 and says what to do', () => {
  test.each([
    [['gett', 'x'], 'quorate: unknown command gett; did you mean get?\nSee `quorate --help`.\n'],
    [
      ['get', '--prefx', 'x'],
      'quorate: unknown flag --prefx; did you mean --prefix?\nSee `quorate get --help`.\n',
    ],
    [['put', 'k'], 'quorate: VALUE is missing\nSee `quorate put --help`.\n'],
    [['put', 'k', 'v', 'w'], 'quorate: unexpected argument "w"\nSee `quorate put --help`.\n'],
    [['--json'], 'quorate: a command has to follow --json\nSee `quorate --help`.\n'],
    [['--prefix', 'get', 'k'], 'quorate: unknown flag --prefix before the command'],
    [['get', ''], "quorate: KEY must not be empty; for all keys: --prefix ''"],
    [['get', 'k', '--prefix', '--from-key'], 'quorate: --prefix and --from-key exclude each other'],
    [['get', 'k', '--json', '--value-only'], 'quorate: --value-only and --json exclude each other'],
    [['get', '--hex', 'xyz'], 'quorate: "xyz" is not hexadecimal'],
    [['compact', 'soon'], 'quorate: REVISION must be a whole number, not "soon"'],
    [['status', '--endpoints', 'ftp://x'], 'quorate: an endpoint is host:port'],
  ])('%j', async (args, message) => {
    const run = await quorate(args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err.slice(0, message.length)).toBe(message);
  });
});
