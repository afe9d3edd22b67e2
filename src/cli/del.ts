import { clientOptions, hexOption, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { counted, jsonOfDelete, lineOfEntry } from './entry-text.js';
import { keyOptions, readKeys } from './key-options.js';
import { switchOption } from './options.js';

export const delCommand = defineCommand({
  name: 'del',
  summary: 'Delete keys',
  usage: ['[flags] KEY', "--prefix [flags] PREFIX   (--prefix '' deletes everything)"],
  description: `Deletes a key or a range of keys, all as one revision, and prints how many there were. Deleting what is
not there is no failure.`,
  options: {
    ...keyOptions,
    previous: switchOption({ description: 'also print what was deleted' }),
    hex: hexOption,
    ...clientOptions,
  },
  examples: [
    { command: 'quorate del colour', meaning: 'one key' },
    { command: 'quorate del --prefix sessions/', meaning: 'all that begin so' },
  ],
  async run({ options, positionals, io }) {
    const [keyText] = takePositionals(positionals, ['KEY']);
    const keys = readKeys(keyText, options, options.hex);
    const { previous, hex, json } = options;
    const result = await withClient(options, io, (client, call) =>
      client.delete(keys, { previous, ...call }),
    );
    if (json) {
      await io.stdout.write(`${JSON.stringify(jsonOfDelete(result))}\n`);
      return exitCodes.ok;
    }
    await io.stdout.write(result.previous.map((entry) => lineOfEntry(entry, hex)).join(''));
    await io.stdout.write(`deleted ${counted(result.deleted, 'key')}  revision ${result.revision}\n`);
    return exitCodes.ok;
  },
});
