import { clientOptions, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { leaseText } from './entry-text.js';
import { readLeaseId, tellMissing } from './lease-id.js';

export const leaseRevokeCommand = defineCommand({
  name: 'lease revoke',
  summary: 'End a lease and delete its keys',
  usage: ['[flags] ID'],
  description: `Ends a lease at once. All keys on it are deleted, as one revision. Exit code 3 if there is no such lease.`,
  options: clientOptions,
  examples: [{ command: 'quorate lease revoke 32695410dcc0ca06', meaning: 'at once' }],
  async run({ options, positionals, io }) {
    const [idText] = takePositionals(positionals, ['ID']);
    const id = readLeaseId(idText);
    const wasThere = await withClient(options, io, async (client, call) => {
      if ((await client.leaseTimeToLive(id, call)) === undefined) return false;
      await client.revokeLease(id, call);
      return true;
    });
    if (!wasThere) return tellMissing(id, io);
    const lease = leaseText(id);
    await io.stdout.write(options.json ? `${JSON.stringify({ lease })}\n` : `lease ${lease} revoked\n`);
    return exitCodes.ok;
  },
});
