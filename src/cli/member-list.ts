import type { ClusterMember } from '../client/index.js';
import { clientOptions, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { switchOption } from './options.js';
import { renderTable, styleFor } from './style.js';
import type { Style } from './style.js';

export const memberListCommand = defineCommand({
  name: 'member list',
  summary: 'List the members of the cluster',
  usage: ['[flags]'],
  description: 'Lists who belongs to the cluster and where each is reached, as the leader confirms it.',
  options: {
    serializable: switchOption({
      description: "the asked member's own list: perhaps stale, needs no leader",
    }),
    ...clientOptions,
  },
  examples: [{ command: 'quorate member list --endpoints 10.0.0.1:2379', meaning: 'ask one member' }],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const { serializable } = options;
    const members = await withClient(options, io, (client, call) =>
      client.members({ serializable, ...call }),
    );
    const text = options.json ? `${JSON.stringify({ members })}\n` : tableOf(members, styleFor(io.stdout));
    await io.stdout.write(text);
    return exitCodes.ok;
  },
});

function tableOf(members: readonly ClusterMember[], style: Style): string {
  const titles = ['ID', 'NAME', 'PEER URLS', 'CLIENT URLS', 'KIND'];
  const rows = members.map((member) => [
    member.id,
    member.name === '' ? { text: 'not started', paint: style.yellow } : member.name,
    member.peerUrls.join(','),
    member.clientUrls.join(','),
    member.isLearner ? 'learner' : 'voter',
  ]);
  return renderTable(
    titles.map((title) => ({ title })),
    rows,
    style,
  );
}
