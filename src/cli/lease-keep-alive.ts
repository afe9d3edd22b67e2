import { clientOptions, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import type { CallOptions, Client } from '../client/index.js';
import { leaseText } from './entry-text.js';
import { readLeaseId, tellMissing } from './lease-id.js';
import { switchOption } from './options.js';
import { whenAborted } from './when-aborted.js';

export const leaseKeepAliveCommand = defineCommand({
  name: 'lease keep-alive',
  summary: 'Renew a lease, again and again',
  usage: ['[flags] ID'],
  description: `Renews a lease when a third of its time is over, on another member when one fails, until Ctrl-C, which is a
success; the lease then has what is left of its time. Ends with code 1 if the lease is revoked, or could
not be renewed in time, and with code 3 if there is none to begin with.`,
  options: {
    once: switchOption({ description: 'renew it this one time' }),
    ...clientOptions,
  },
  examples: [
    { command: 'quorate lease keep-alive 32695410dcc0ca06', meaning: 'as long as this runs' },
    { command: 'quorate lease keep-alive --once 32695410dcc0ca06', meaning: 'from a script of your own' },
  ],
  async run({ options, positionals, io }) {
    const [idText] = takePositionals(positionals, ['ID']);
    const id = readLeaseId(idText);
    const tell = async (ttlSeconds: number): Promise<void> => {
      const lease = leaseText(id);
      const text = `lease ${lease} renewed with TTL ${ttlSeconds} s\n`;
      await io.stdout.write(options.json ? `${JSON.stringify({ lease, ttlSeconds })}\n` : text);
    };
    return withClient(options, io, async (client, call) => {
      if (!options.once) return keep(client, id, tell, io);
      const ttlSeconds = await client.renewLease(id, call);
      if (ttlSeconds === undefined) return tellMissing(id, io);
      await tell(ttlSeconds);
      return exitCodes.ok;
    });
  },
});

async function keep(
  client: Client,
  id: bigint,
  tell: (ttlSeconds: number) => Promise<void>,
  io: CommandIo,
): Promise<ExitCode> {
  const call: CallOptions = { signal: io.signal };
  const lease = await client.keepLease(id, call);
  if (lease === undefined) return tellMissing(id, io);
  await tell(lease.ttlSeconds);
  await whenAborted(io.signal, lease.signal);
  if (io.signal.aborted) return exitCodes.ok;
  throw lease.signal.reason;
}
