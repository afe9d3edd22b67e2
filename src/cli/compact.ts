import { clientOptions, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { switchOption, UsageError } from './options.js';

export const compactCommand = defineCommand({
  name: 'compact',
  summary: 'Give up history below a revision',
  usage: ['[flags] REVISION'],
  description: `Gives up what keys were before REVISION, for ever; their values at REVISION and since stay. Reads of
older revisions fail from then on. History that nobody reads costs disk and memory.`,
  options: {
    physical: switchOption({ description: 'wait until the old revisions have left the disk' }),
    ...clientOptions,
  },
  examples: [{ command: 'quorate compact 120000', meaning: 'keep history from revision 120000 on' }],
  async run({ options, positionals, io }) {
    const [text] = takePositionals(positionals, ['REVISION']);
    const revision = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(revision)) {
      throw new UsageError(`REVISION must be a whole number, not ${JSON.stringify(text)}`);
    }
    const { physical } = options;
    const now = await withClient(options, io, (client, call) =>
      client.compact(revision, { physical, ...call }),
    );
    const json = JSON.stringify({ compactedRevision: revision, revision: now });
    await io.stdout.write(
      options.json ? `${json}\n` : `compacted up to revision ${revision}  now at ${now}\n`,
    );
    return exitCodes.ok;
  },
});
