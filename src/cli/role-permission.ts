import type { Access, Bytes, Keys, Permission } from '../client/index.js';
import { answerWith, takeNames } from './auth-words.js';
import { showBytes, utf8Of } from './bytes-text.js';
import { clientOptions, hexOption } from './client-options.js';
import { defineCommand, takePositionals } from './command.js';
import { keyOptions, readKeys } from './key-options.js';
import { UsageError } from './options.js';
import { renderTable, styleFor } from './style.js';

export const roleGetCommand = defineCommand({
  name: 'role get',
  summary: 'Show what a role permits',
  usage: ['NAME [flags]'],
  description: 'Lists the permissions of a role: which keys may be read, written, or both.',
  options: { hex: hexOption, ...clientOptions },
  examples: [{ command: 'quorate role get reader', meaning: 'what readers may do' }],
  run({ options, positionals, io }) {
    const [name] = takeNames(positionals, ['NAME']);
    const style = styleFor(io.stdout);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.permissionsOf(name, call),
      json: (permissions) => ({ role: name, permissions: permissions.map(jsonOf) }),
      text: (permissions) =>
        name === 'root'
          ? 'root permits everything\n'
          : renderTable(
              [{ title: 'ACCESS' }, { title: 'KEYS' }],
              permissions.map(({ access, keys }) => [access, keysText(keys, options.hex)]),
              style,
            ),
    });
  },
});

export const roleGrantPermissionCommand = defineCommand({
  name: 'role grant-permission',
  summary: 'Permit keys to a role',
  usage: ['NAME read|write|readwrite KEY [flags]'],
  description: `Permits a role to read keys, to write (and delete) them, or both. What was permitted before for
exactly the same keys is replaced.`,
  options: { ...keyOptions, hex: hexOption, ...clientOptions },
  examples: [
    {
      command: 'quorate role grant-permission reader read --prefix public/',
      meaning: 'all keys under public/',
    },
    {
      command: 'quorate role grant-permission clerk readwrite a --range-end d',
      meaning: 'keys from a, below d',
    },
    { command: "quorate role grant-permission auditor read --prefix ''", meaning: 'all keys' },
  ],
  run({ options, positionals, io }) {
    const [name, accessText, key] = takePositionals(positionals, ['NAME', 'read|write|readwrite', 'KEY']);
    takeNames([name], ['NAME']);
    const access = readAccess(accessText);
    const keys = readKeys(key, options, options.hex);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.grantPermission(name, { access, keys }, call),
      json: () => ({ role: name, permission: jsonOf({ access, keys }) }),
      text: () => `${name} may ${verbs[access]} ${keysText(keys, options.hex)} now\n`,
    });
  },
});

export const roleRevokePermissionCommand = defineCommand({
  name: 'role revoke-permission',
  summary: 'Permit keys to a role no more',
  usage: ['NAME KEY [flags]'],
  description: `Takes back a permission. It has to name exactly the keys that it was granted for: \`quorate role
get\` shows them.`,
  options: { ...keyOptions, hex: hexOption, ...clientOptions },
  examples: [
    { command: 'quorate role revoke-permission reader --prefix public/', meaning: 'as it was granted' },
  ],
  run({ options, positionals, io }) {
    const [name, key] = takePositionals(positionals, ['NAME', 'KEY']);
    takeNames([name], ['NAME']);
    const keys = readKeys(key, options, options.hex);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.revokePermission(name, keys, call),
      json: () => ({ role: name, keys: jsonOfKeys(keys) }),
      text: () => `${name} has no permission of its own for ${keysText(keys, options.hex)} any more\n`,
    });
  },
});

const verbs: Readonly<Record<Access, string>> = {
  read: 'read',
  write: 'write',
  readwrite: 'read and write',
};

function readAccess(text: string): Access {
  const access = (['read', 'write', 'readwrite'] as const).find((each) => each === text.toLowerCase());
  if (access !== undefined) return access;
  throw new UsageError(`a permission is read, write or readwrite, not ${JSON.stringify(text)}`);
}

function jsonOf({ access, keys }: Permission): Record<string, unknown> {
  return { access, ...jsonOfKeys(keys) };
}

/** One of `key`, `prefix`, `from`, `from` and `to`: in base64, and as text beside it where it is text. */
function jsonOfKeys(keys: Keys): Record<string, unknown> {
  if (typeof keys === 'string' || keys instanceof Uint8Array) return jsonOfBytes('key', keys);
  if ('prefix' in keys) return jsonOfBytes('prefix', keys.prefix);
  return { ...jsonOfBytes('from', keys.from), ...(keys.to === undefined ? {} : jsonOfBytes('to', keys.to)) };
}

function jsonOfBytes(name: string, bytes: Bytes): Record<string, unknown> {
  const buffer = Buffer.from(bytes);
  const text = utf8Of(buffer);
  return { [name]: buffer.toString('base64'), ...(text === undefined ? {} : { [`${name}Text`]: text }) };
}

/** `a`, `--prefix a`, `a --from-key`, `a --range-end b`: as flags would say it. */
function keysText(keys: Keys, isHex: boolean): string {
  const show = (bytes: Bytes): string => (bytes.length === 0 ? "''" : showBytes(Buffer.from(bytes), isHex));
  if (typeof keys === 'string' || keys instanceof Uint8Array) return show(keys);
  if ('prefix' in keys) return `--prefix ${show(keys.prefix)}`;
  if (keys.to === undefined) return `--from-key ${show(keys.from)}`;
  return `${show(keys.from)} --range-end ${show(keys.to)}`;
}
