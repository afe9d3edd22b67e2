import type { Alarm, CallOptions, Client } from '../client/index.js';
import { clientOptions, withClient } from './client-options.js';
import type { ClientOptionValues } from './client-options.js';
import { defineGroup } from './command-group.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { renderTable, styleFor } from './style.js';

const alarmListCommand = defineCommand({
  name: 'alarm list',
  summary: 'List what is wrong',
  usage: ['[flags]'],
  description: `Lists the alarms of all members. no-space: a member's store has reached --quota-backend-bytes,
and nothing can be written. corrupt: a member holds other data than the others.`,
  options: clientOptions,
  examples: [{ command: 'quorate alarm list', meaning: 'of the local cluster' }],
  run: ({ options, positionals, io }) =>
    show(options, positionals, io, (client, call) => client.alarms(call)),
});

const alarmDisarmCommand = defineCommand({
  name: 'alarm disarm',
  summary: 'End all alarms',
  usage: ['[flags]'],
  description: `Ends all alarms, once their cause is gone, and lists those that were ended. For no-space: delete
keys, then \`quorate compact\` and \`quorate defrag\`, or raise --quota-backend-bytes.`,
  options: clientOptions,
  examples: [{ command: 'quorate alarm disarm', meaning: 'writes are taken again' }],
  run: ({ options, positionals, io }) =>
    show(options, positionals, io, (client, call) => client.disarm(undefined, call)),
});

export const alarmCommand = defineGroup({
  name: 'alarm',
  summary: 'List or end what stops writes',
  description: 'An alarm holds for the whole cluster, and stays until somebody ends it.',
  commands: [alarmListCommand, alarmDisarmCommand],
});

async function show(
  options: ClientOptionValues,
  positionals: readonly string[],
  io: CommandIo,
  ask: (client: Client, call: CallOptions) => Promise<readonly Alarm[]>,
): Promise<ExitCode> {
  takePositionals(positionals, []);
  const alarms = await withClient(options, io, ask);
  if (options.json) await io.stdout.write(`${JSON.stringify({ alarms })}\n`);
  else if (alarms.length === 0) await io.stdout.write('no alarms\n');
  else {
    const rows = alarms.map(({ memberId, kind }) => [memberId, kind]);
    await io.stdout.write(renderTable([{ title: 'MEMBER' }, { title: 'ALARM' }], rows, styleFor(io.stdout)));
  }
  return exitCodes.ok;
}
