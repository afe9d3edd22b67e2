import { QuorateError } from '../base/index.js';
import type { MemberRecord } from '../mvcc/index.js';
import { fetchMembers } from '../peer/index.js';
import { readWalIdentity } from '../storage/index.js';
import type { Disk, WalIdentity } from '../storage/index.js';
import { walStoreName } from './bootstrap.js';
import type { MemberConfig } from './config.js';
import { initialIdentity } from './identity.js';
import type { InitialIdentity } from './identity.js';

const askTimeoutMs = 5000;

/**
 * Who this member is: of a new cluster what its flags say; of an existing one what its own log says, or, with an empty
 * disk, what the cluster says that has added it. A newcomer starts without a configuration: it learns it from the log.
 */
export async function resolveIdentity(config: MemberConfig, disk: Disk): Promise<InitialIdentity> {
  if (config.initialClusterState === 'new') return initialIdentity(config);
  const stored = await storedIdentity(disk);
  return stored === null ? askCluster(config) : withMembers(stored, []);
}

async function storedIdentity(disk: Disk): Promise<WalIdentity | null> {
  if (!(await disk.list()).includes(walStoreName)) return null;
  const store = await disk.open(walStoreName);
  try {
    return readWalIdentity(store);
  } finally {
    await store.close();
  }
}

async function askCluster(config: MemberConfig): Promise<InitialIdentity> {
  const own = config.initialCluster.find((member) => member.name === config.name);
  const others = config.initialCluster
    .filter((member) => member !== own)
    .flatMap((member) => member.peerUrls);
  const { clusterId, members } = await fetchMembers(others, askTimeoutMs);
  const ownUrls = new Set(own?.peerUrls ?? []);
  const record = members.find((member) => member.peerUrls.some((url) => ownUrls.has(url)));
  if (record === undefined) {
    throw new QuorateError(
      'invalid-configuration',
      `the cluster ${clusterId} has no member with the peer URLs ${[...ownUrls].join(', ')}: add this member to the ` +
        'cluster first, or correct --initial-cluster',
    );
  }
  return withMembers({ clusterId, memberId: record.id }, members);
}

function withMembers(
  { clusterId, memberId }: WalIdentity,
  members: readonly MemberRecord[],
): InitialIdentity {
  const configuration = { voters: [], outgoing: [], learners: [], learnersNext: [] };
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { clusterId, memberId, membership: { configuration, members: sorted, removed: [] } };
}
