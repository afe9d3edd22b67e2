import { clientOptions, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { leaseText } from './entry-text.js';
import { leaseOption, parseDuration, UsageError } from './options.js';

/** What etcd takes. */
const ttlSecondsMax = 9_000_000_000;

export const leaseGrantCommand = defineCommand({
  name: 'lease grant',
  summary: 'Begin a lease',
  usage: ['[flags] TTL'],
  description: `Grants a lease of TTL: seconds, or a time such as 90s, 5m or 1h. It ends, and its keys go, when it was not
renewed for so long. Members have a least time, so it may be longer than asked for.`,
  options: {
    id: leaseOption({ description: 'the id to give it; a random one by default' }),
    ...clientOptions,
  },
  examples: [
    { command: 'quorate lease grant 60', meaning: 'a minute' },
    { command: 'quorate put --lease 32695410dcc0ca06 workers/7 here', meaning: 'a key that goes with it' },
  ],
  async run({ options, positionals, io }) {
    const [ttlText] = takePositionals(positionals, ['TTL']);
    const seconds = readSeconds(ttlText);
    const { id, ttlSeconds } = await withClient(options, io, (client, call) =>
      client.grantLease(seconds, { id: options.id, ...call }),
    );
    const lease = leaseText(id);
    const text = `lease ${lease} granted with TTL ${ttlSeconds} s\n`;
    await io.stdout.write(options.json ? `${JSON.stringify({ lease, ttlSeconds })}\n` : text);
    return exitCodes.ok;
  },
});

/** `90`, `90s`, `5m`: whole seconds. */
function readSeconds(text: string): number {
  const isTime = /^\d+(\.\d+)?(s|m|h)?$/.test(text);
  const seconds = isTime ? parseDuration(text) / 1000 : 0;
  if (Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= ttlSecondsMax) return seconds;
  const needed = `whole seconds, 1 to ${ttlSecondsMax}, or a time such as 90s or 5m`;
  throw new UsageError(`TTL must be ${needed}, not ${JSON.stringify(text)}`);
}
