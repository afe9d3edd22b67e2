import { clientOptions, hexOption, withClient } from './client-options.js';
import { readAll, readBytes, showBytes } from './bytes-text.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { jsonOfPut } from './entry-text.js';
import { leaseOption, switchOption, UsageError } from './options.js';
import { styleFor } from './style.js';

/** Shared with the `put` lines of `quorate txn`. */
export const putOptions = {
  lease: leaseOption({ description: 'hang the key on this lease (an id in hexadecimal)' }),
  keepLease: switchOption({ description: 'keep the lease that the key has' }),
};

export const putCommand = defineCommand({
  name: 'put',
  summary: 'Write a key',
  usage: ['[flags] KEY VALUE', '[flags] KEY -'],
  description: `Writes KEY. A VALUE of - is read from standard input, byte for byte. Put -- before a key that begins
with a dash. If the answer is lost on the way, the write is not repeated: the message says that it
may have happened, and the exit code is 4.`,
  options: {
    previous: switchOption({ description: 'also print what the key was before' }),
    ...putOptions,
    keepValue: switchOption({
      description: 'keep the value (no VALUE then): for a change of the lease alone',
    }),
    hex: hexOption,
    ...clientOptions,
  },
  examples: [
    { command: 'quorate put colour blue', meaning: 'one key' },
    { command: 'quorate put logo - < logo.png', meaning: 'a file as the value' },
    { command: 'quorate put --previous --json colour green', meaning: 'for programs, with the old value' },
  ],
  async run({ options, positionals, io }) {
    const call = options.keepValue ? [...takePositionals(positionals, ['KEY']), ''] : positionals;
    const [keyText, valueText] = takePositionals(call, ['KEY', 'VALUE']);
    const key = readBytes(keyText, options.hex);
    if (key.length === 0) throw new UsageError('KEY must not be empty');
    const value = valueText === '-' ? await readAll(io.stdin) : readBytes(valueText, options.hex);
    const { lease, keepLease, keepValue, previous, hex } = options;
    const result = await withClient(options, io, (client, callOptions) =>
      client.put(key, value, { lease, keepLease, keepValue, previous, ...callOptions }),
    );
    if (options.json) {
      await io.stdout.write(`${JSON.stringify(jsonOfPut(result))}\n`);
      return exitCodes.ok;
    }
    const style = styleFor(io.stdout);
    await io.stdout.write(`${style.green('OK')}  revision ${result.revision}\n`);
    if (result.previous !== undefined)
      await io.stdout.write(`before: ${showBytes(result.previous.value, hex)}\n`);
    return exitCodes.ok;
  },
});
