import { restoreSnapshot } from '../member/index.js';
import type { Restored } from '../member/index.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { ExitCode } from './command.js';
import { listOption, switchOption, textOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';
import { checkUrl, parseInitialCluster } from './urls.js';

const defaultPeerUrl = 'http://127.0.0.1:2380';

const options = {
  name: textOption({ description: "this member's name, one of --initial-cluster", fallback: 'default' }),
  dataDir: textOption({ description: 'the folder to make (default: NAME.quorate)' }),
  initialCluster: textOption({
    description:
      'all members of the new cluster: NAME=URL,NAME=URL,… with their\npeer URLs (default: this member alone)',
    placeholder: 'MEMBERS',
  }),
  initialClusterToken: textOption({
    description: 'sets apart clusters of the same members; take a new one for\neach restore',
    fallback: 'etcd-cluster',
  }),
  initialAdvertisePeerUrls: listOption({
    description: 'where the others reach this member (default: what\n--initial-cluster says)',
    placeholder: 'URL,…',
    fallback: [],
  }),
  skipHashCheck: switchOption({
    description:
      'take a file that does not end in a checksum, or not in the right one:\none out of a data folder',
  }),
  json: switchOption({ description: 'print JSON for programs; see `quorate help json`' }),
};

export const snapshotRestoreCommand = defineCommand({
  name: 'snapshot restore',
  summary: 'Make the data folder of a new cluster’s member from a snapshot file',
  usage: ['[flags] FILE'],
  description: `Makes a new data folder that holds what FILE holds: keys with their history and revisions, leases with
all of their time again, users, roles, alarms. FILE was written by this program or by etcd 3.4 or 3.5;
with --skip-hash-check it may also be etcd's own file (member/snap/db), copied while etcd was stopped.

Run it once for each member of the new cluster, with the same FILE, --initial-cluster and
--initial-cluster-token, and then start each with the same flags as \`quorate server\`. The cluster is
a new one: members of the old one, and members without a restored folder, are no part of it.`,
  options,
  examples: [
    { command: 'quorate snapshot restore backup.db', meaning: 'a cluster of one member' },
    {
      command:
        'quorate snapshot restore backup.db --name a --data-dir a.quorate --initial-cluster-token after-fire \\\n' +
        '    --initial-advertise-peer-urls http://10.0.0.1:2380 \\\n' +
        '    --initial-cluster a=http://10.0.0.1:2380,b=http://10.0.0.2:2380,c=http://10.0.0.3:2380',
      meaning: 'the first of three members; the others likewise',
    },
  ],
  async run({ options: given, positionals, io }): Promise<ExitCode> {
    const [file] = takePositionals(positionals, ['FILE']);
    const members = readMembers(given);
    const dataFolder = given.dataDir ?? defaultFolder(given.name);
    const restored = await restoreSnapshot({
      file,
      dataFolder,
      name: given.name,
      initialCluster: members,
      initialClusterToken: given.initialClusterToken,
      skipHashCheck: given.skipHashCheck,
      signal: io.signal,
    });
    await io.stdout.write(
      given.json ? `${JSON.stringify({ ...restored, dataFolder })}\n` : describe(restored, dataFolder),
    );
    return exitCodes.ok;
  },
});

function readMembers(
  given: OptionValues<typeof options>,
): readonly { readonly name: string; readonly peerUrls: readonly string[] }[] {
  const peerUrls = named('--initial-advertise-peer-urls', () =>
    given.initialAdvertisePeerUrls.map((url) => checkUrl(url)),
  );
  const text = given.initialCluster;
  const members =
    text === undefined
      ? [{ name: given.name, peerUrls: peerUrls.length > 0 ? peerUrls : [defaultPeerUrl] }]
      : named('--initial-cluster', () => parseInitialCluster(text));
  const own = members.find((member) => member.name === given.name);
  if (own === undefined) {
    const names = members.map((member) => member.name).join(', ');
    throw new UsageError(
      `--name ${given.name} is not in --initial-cluster (${names}): add it or change --name`,
    );
  }
  if (peerUrls.length > 0 && [...own.peerUrls].sort().join() !== [...peerUrls].sort().join()) {
    throw new UsageError(
      `--initial-advertise-peer-urls (${peerUrls.join()}) and --initial-cluster (${own.peerUrls.join()}) name ` +
        `different peer URLs for ${given.name}`,
    );
  }
  return members;
}

/** A name is no path: the folder lies here. */
function defaultFolder(name: string): string {
  if (/^[^/\\\0]+$/.test(name) && name !== '.' && name !== '..') return `${name}.quorate`;
  throw new UsageError(`--name ${JSON.stringify(name)} cannot name a folder: give --data-dir`);
}

function describe(restored: Restored, dataFolder: string): string {
  const compacted = restored.compactRevision < 0 ? '' : `, compacted at ${restored.compactRevision}`;
  const users = `${counted(restored.userCount, 'user')} and ${counted(restored.roleCount, 'role')}`;
  const lines = [
    `restored into ${dataFolder}: member ${restored.memberId} of cluster ${restored.clusterId}`,
    `  ${counted(restored.keyCount, 'key')} at revision ${restored.revision}${compacted}`,
    `  ${counted(restored.leaseCount, 'lease')}, ${users}; users are ${restored.isAuthEnabled ? '' : 'not '}needed`,
    ...(restored.alarmCount > 0 ? [`  ${counted(restored.alarmCount, 'alarm')}, kept until disarmed`] : []),
    ...restored.ignored.map((name) => `  left behind: the bucket ${JSON.stringify(name)}, unknown here`),
  ];
  return `${lines.join('\n')}\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function named<T>(flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${flag} ${error.message}`);
    throw error;
  }
}
