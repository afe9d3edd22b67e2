import type { ClusterMember } from '../client/index.js';
import { clientOptions, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { switchOption, UsageError } from './options.js';
import { peerUrlsOption, readPeerUrls } from './peer-urls.js';

export const memberAddCommand = defineCommand({
  name: 'member add',
  summary: 'Let a new member in, and tell how to start it',
  usage: ['NAME --peer-urls URL,… [--learner] [flags]'],
  description: `Adds a member to the cluster and prints the flags to start it with; NAME is what it shall be
called. To a cluster in use, add it as a --learner, and promote it when it has caught up: members
of etcd count a new voter as one that is down until it runs (Quorate's give it its vote only
then).`,
  options: {
    peerUrls: peerUrlsOption,
    learner: switchOption({ description: 'without a vote until it is promoted' }),
    ...clientOptions,
  },
  examples: [
    {
      command: 'quorate member add d --learner --peer-urls http://10.0.0.4:2380',
      meaning: 'a fourth member, which first catches up',
    },
  ],
  async run({ options, positionals, io }) {
    const [name] = takePositionals(positionals, ['NAME']);
    if (!/^[^\s,=]+$/.test(name))
      throw new UsageError(`NAME ${JSON.stringify(name)} must have no blanks, commas and "="`);
    const peerUrls = readPeerUrls(options);
    const isLearner = options.learner;
    const { member, members } = await withClient(options, io, async (client, call) => {
      const before = await client.members(call);
      const namesake = before.find((each) => each.name === name);
      if (namesake !== undefined)
        throw new UsageError(`NAME ${name} is taken by member ${namesake.id}: choose another`);
      return client.addMember(peerUrls, { isLearner, ...call });
    });
    const initialCluster = initialClusterOf(members, { id: member.id, name });
    const start = { name, initialCluster, initialClusterState: 'existing' };
    await io.stdout.write(
      options.json
        ? `${JSON.stringify({ member, members, start })}\n`
        : instructions({ name, member, initialCluster }),
    );
    return exitCodes.ok;
  },
});

/** What --initial-cluster has to say; members that have not started have no name yet, and nothing to tell the new one. */
function initialClusterOf(
  members: readonly ClusterMember[],
  added: { readonly id: string; readonly name: string },
): string {
  const named = members.map((member) => (member.id === added.id ? { ...member, name: added.name } : member));
  return named
    .filter(({ name }) => name !== '')
    .flatMap(({ name, peerUrls }) => peerUrls.map((url) => `${name}=${url}`))
    .join();
}

interface Added {
  readonly name: string;
  readonly member: ClusterMember;
  readonly initialCluster: string;
}

function instructions({ name, member, initialCluster }: Added): string {
  const { id, peerUrls, isLearner } = member;
  const next = isLearner
    ? `When it has caught up: quorate member promote ${name}`
    : 'Start it now: until it runs, the cluster may bear one failure less.';
  return `added ${id} as a ${isLearner ? 'learner' : 'voter'}

Start it where it shall run, with --data-dir and --listen-client-urls of its own:

  quorate server --name ${name} \\
      --initial-cluster-state existing \\
      --initial-cluster ${initialCluster} \\
      --initial-advertise-peer-urls ${peerUrls.join()} \\
      --listen-peer-urls ${peerUrls.join()}

${next}
`;
}
