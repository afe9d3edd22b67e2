import { clientOptions, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { leaseText } from './entry-text.js';

export const leaseListCommand = defineCommand({
  name: 'lease list',
  summary: 'List all leases',
  usage: ['[flags]'],
  description: 'Prints the ids of all leases, one a line, in hexadecimal, as all commands take them.',
  options: clientOptions,
  examples: [
    {
      command: 'quorate lease list | xargs -n 1 quorate lease ttl --keys',
      meaning: 'each with its time and its keys',
    },
  ],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const ids = await withClient(options, io, (client, call) => client.leases(call));
    const leases = ids.map(leaseText);
    const lines = leases.map((lease) => `${lease}\n`).join('');
    await io.stdout.write(options.json ? `${JSON.stringify({ leases })}\n` : lines);
    return exitCodes.ok;
  },
});
