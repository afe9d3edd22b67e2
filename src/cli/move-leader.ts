import { ClientError } from '../client/index.js';
import type { ClusterMember } from '../client/index.js';
import { clientOptions, prepareClients, useClient } from './client-options.js';
import type { OpenClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo } from './command.js';
import { findMember, memberText } from './find-member.js';
import { endpointsOf, membersOf } from './member-endpoints.js';

export const moveLeaderCommand = defineCommand({
  name: 'move-leader',
  summary: 'Make another member the leader',
  usage: ['ID-or-NAME [flags]'],
  description: `Lets the leader hand over to this member, without the wait of an election: before the leader's
machine is restarted, for instance. Learners cannot lead.`,
  options: clientOptions,
  examples: [{ command: 'quorate move-leader b', meaning: 'the member named b shall lead' }],
  async run({ options, positionals, io }) {
    const [text] = takePositionals(positionals, ['ID-or-NAME']);
    const open = await prepareClients(options, io);
    const members = await membersOf(open, io);
    const member = findMember(members, { command: 'move-leader', text });
    await moveTo(member, members, open, io);
    await io.stdout.write(
      options.json ? `${JSON.stringify({ leader: member.id })}\n` : `${memberText(member)} leads now\n`,
    );
    return exitCodes.ok;
  },
});

/** Only the leader can do it: where none of the endpoints leads, all members are looked at. */
async function moveTo(
  { id }: ClusterMember,
  members: readonly ClusterMember[],
  open: OpenClient,
  io: CommandIo,
): Promise<void> {
  try {
    await useClient(open(), io, (client, call) => client.moveLeader(id, call));
  } catch (error) {
    if (!(error instanceof ClientError && error.code === 'no-leader') || io.signal.aborted) throw error;
    const endpoints = endpointsOf(members);
    await useClient(open({ endpoints }), io, (client, call) => client.moveLeader(id, call));
  }
}
