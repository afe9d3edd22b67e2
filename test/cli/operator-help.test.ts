import { describe, expect, test } from 'vitest';

import { quorate } from './io.js';

const groups: Readonly<Record<string, readonly string[]>> = {
  member: ['list', 'add', 'promote', 'update', 'remove'],
  alarm: ['list', 'disarm'],
  auth: ['enable', 'disable', 'status'],
  user: ['add', 'delete', 'get', 'list', 'passwd', 'grant-role', 'revoke-role'],
  role: ['add', 'delete', 'get', 'list', 'grant-permission', 'revoke-permission'],
};

const commands = [
  ...['move-leader', 'defrag', 'hash'].map((name) => [name]),
  ...Object.entries(groups).flatMap(([name, verbs]) => [[name], ...verbs.map((verb) => [name, verb])]),
];

describe('help of the commands for operators', () => {
  test.each(commands.map((words) => [words.join(' '), words] as const))('%s', async (_, words) => {
    const run = await quorate([...words, '--help']);
    expect(run).toMatchObject({ code: 0, err: '' });
    const [ownPart = ''] = run.out.split('      --endpoints'); // The flags of all client commands are the same.
    const [, examples = ''] = run.out.split('\nExamples:');
    expect(`${ownPart}…${examples}`).toMatchSnapshot();
    for (const line of run.out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  test.each(Object.entries(groups))('%s lists what it can do', async (name, verbs) => {
    const { out } = await quorate([name, '--help']);
    for (const verb of verbs) expect(out).toContain(`\n  ${name} ${verb} `);
  });
});

describe('a wrong command line of an operator ends with code 2 and says what to do', () => {
  test.each([
    [['member', 'add', 'd'], '--peer-urls is missing: --peer-urls http://10.0.0.4:2380\n'],
    [['member', 'add', '--peer-urls', 'http://h:1'], 'NAME is missing\n'],
    [
      ['member', 'add', 'a=b', '--peer-urls', 'http://h:1'],
      'NAME "a=b" must have no blanks, commas and "="\n',
    ],
    [['member', 'add', 'd', '--peer-urls', 'h:1'], '--peer-urls needs URLs such as http://'],
    [['member', 'update', 'd'], '--peer-urls is missing'],
    [['member', 'remove'], 'ID-or-NAME is missing\n'],
    [
      ['member', 'delete', 'd'],
      'unknown command member delete; it is one of list, add, promote, update, remove\n',
    ],
    [['members'], 'unknown command members; did you mean member?\n'],
    [['move-leader'], 'ID-or-NAME is missing\n'],
    [['hash', '--rev', 'x'], '--rev needs a whole number, not "x"\n'],
    [['defrag', 'now'], 'unexpected argument "now"\n'],
    [['user', 'add', 'a:'], 'there is no password behind ":"; without one: --no-password\n'],
    [['user', 'add', ':b'], 'NAME is missing before ":"\n'],
    [['user', 'add', 'a:b', '--no-password'], '--no-password and NAME:PASSWORD exclude each other\n'],
    [['user', 'add', 'a'], 'a password must not be empty; a user without one: user add --no-password\n'],
    [['user', 'get', ''], 'NAME is missing\n'],
    [['user', 'grant-role', 'a'], 'ROLE is missing\n'],
    [
      ['role', 'grant-permission', 'r', 'execute', 'k'],
      'a permission is read, write or readwrite, not "execute"\n',
    ],
    [['role', 'grant-permission', 'r', 'read', ''], "KEY must not be empty; for all keys: --prefix ''\n"],
    [['role', 'revoke-permission', 'r'], 'KEY is missing\n'],
    [
      ['role', 'revoke-permission', 'r', 'k', '--prefix', '--from-key'],
      '--prefix and --from-key exclude each other\n',
    ],
  ])('%j', async (args, message) => {
    const run = await quorate(args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err.slice(0, `quorate: ${message}`.length)).toBe(`quorate: ${message}`);
  });
});
