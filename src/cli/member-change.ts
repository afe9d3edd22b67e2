import type { CallOptions, Client, ClusterMember } from '../client/index.js';
import { clientOptions, withClient } from './client-options.js';
import type { ClientOptionValues } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { counted } from './entry-text.js';
import { findMember, memberText } from './find-member.js';
import { peerUrlsOption, readPeerUrls } from './peer-urls.js';

export const memberRemoveCommand = defineCommand({
  name: 'member remove',
  summary: 'Send a member away for good',
  usage: ['ID-or-NAME [flags]'],
  description: `Removes a member. It stops serving, and cannot come back with its data: to bring it back, empty
its data folder and add it anew. Refused where too few of the others run to decide anything.`,
  options: clientOptions,
  examples: [{ command: 'quorate member remove c', meaning: 'the member named c' }],
  run: ({ options, positionals, io }) =>
    change({
      command: 'member remove',
      ...{ options, positionals, io },
      send: (client, { id }, call) => client.removeMember(id, call),
      tell: (member, { length }) => `removed ${memberText(member)}; ${counted(length, 'member')} left\n`,
    }),
});

export const memberUpdateCommand = defineCommand({
  name: 'member update',
  summary: 'Give a member other peer URLs',
  usage: ['ID-or-NAME --peer-urls URL,… [flags]'],
  description: `Tells the cluster where a member is reached from now on. Do it before the member moves, then
restart it with --listen-peer-urls of its new place.`,
  options: { peerUrls: peerUrlsOption, ...clientOptions },
  examples: [
    { command: 'quorate member update c --peer-urls http://10.0.0.9:2380', meaning: 'c is about to move' },
  ],
  run({ options, positionals, io }) {
    const peerUrls = readPeerUrls(options);
    return change({
      command: 'member update',
      ...{ options, positionals, io },
      send: (client, { id }, call) => client.updateMember(id, peerUrls, call),
      tell: (member) => `${memberText(member)} is now at ${peerUrls.join()}\n`,
    });
  },
});

export const memberPromoteCommand = defineCommand({
  name: 'member promote',
  summary: 'Give a learner its vote',
  usage: ['ID-or-NAME [flags]'],
  description: 'Makes a learner a member with a vote. Refused until it has caught up with the leader.',
  options: clientOptions,
  examples: [{ command: 'quorate member promote d', meaning: 'the learner named d' }],
  run: ({ options, positionals, io }) =>
    change({
      command: 'member promote',
      ...{ options, positionals, io },
      send: (client, { id }, call) => client.promoteMember(id, call),
      tell: (member) => `${memberText(member)} has a vote now\n`,
    }),
});

interface Change {
  readonly command: string;
  readonly options: ClientOptionValues;
  readonly positionals: readonly string[];
  readonly io: CommandIo;
  readonly send: (
    client: Client,
    member: ClusterMember,
    call: CallOptions,
  ) => Promise<readonly ClusterMember[]>;
  /** `members` are those afterwards. */
  readonly tell: (member: ClusterMember, members: readonly ClusterMember[]) => string;
}

async function change({ command, options, positionals, io, send, tell }: Change): Promise<ExitCode> {
  const [text] = takePositionals(positionals, ['ID-or-NAME']);
  const { member, members } = await withClient(options, io, async (client, call) => {
    const found = findMember(await client.members(call), { command, text });
    return { member: found, members: await send(client, found, call) };
  });
  await io.stdout.write(options.json ? `${JSON.stringify({ members })}\n` : tell(member, members));
  return exitCodes.ok;
}
