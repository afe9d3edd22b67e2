import type { LeaseTime } from '../client/index.js';
import { asBuffer } from '../base/index.js';
import { showBytes, utf8Of } from './bytes-text.js';
import { clientOptions, hexOption, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { leaseText } from './entry-text.js';
import { readLeaseId, tellMissing } from './lease-id.js';
import { switchOption } from './options.js';

export const leaseTtlCommand = defineCommand({
  name: 'lease ttl',
  summary: 'Show what is left of a lease, and its keys',
  usage: ['[flags] ID'],
  description:
    'Shows how long a lease will be there if nobody renews it. Exit code 3 if there is no such lease.',
  options: {
    keys: switchOption({ description: 'also the keys on it, one a line' }),
    hex: hexOption,
    ...clientOptions,
  },
  examples: [{ command: 'quorate lease ttl --keys 32695410dcc0ca06', meaning: 'with its keys' }],
  async run({ options, positionals, io }) {
    const [idText] = takePositionals(positionals, ['ID']);
    const id = readLeaseId(idText);
    const { keys: withKeys, hex, json } = options;
    const time = await withClient(options, io, (client, call) =>
      client.leaseTimeToLive(id, { keys: withKeys, ...call }),
    );
    if (time === undefined) return tellMissing(id, io);
    const { ttlSeconds, grantedSeconds, keys } = time;
    if (json) {
      await io.stdout.write(`${JSON.stringify(jsonOfTime(id, time, withKeys))}\n`);
      return exitCodes.ok;
    }
    const text = `lease ${leaseText(id)} has ${ttlSeconds} s left of ${grantedSeconds} s\n`;
    await io.stdout.write(`${text}${keys.map((key) => `${showBytes(key, hex)}\n`).join('')}`);
    return exitCodes.ok;
  },
});

function jsonOfTime(id: bigint, { ttlSeconds, grantedSeconds, keys }: LeaseTime, withKeys: boolean): object {
  const shown = keys.map((key) => {
    const keyText = utf8Of(key);
    return { key: asBuffer(key).toString('base64'), ...(keyText === undefined ? {} : { keyText }) };
  });
  return { lease: leaseText(id), ttlSeconds, grantedSeconds, ...(withKeys ? { keys: shown } : {}) };
}
