import { QuorateError } from '../base/index.js';
import type { MemberRecord } from '../mvcc/index.js';
import { fetchMembers } from '../peer/index.js';
import { readWalIdentity } from '../storage/index.js';
import type { Disk, WalIdentity } from '../storage/index.js';
import type { Tls } from '../tls/index.js';
import { walStoreName } from './bootstrap.js';
import type { MemberConfig } from './config.js';
import { initialIdentity } from './identity.js';
import type { InitialIdentity } from './identity.js';

const askTimeoutMs = 5000;
/** For a question that need not be answered: the others of a new cluster may not have started yet. */
const askShortlyMs = 1000;

/**
 * Who this member is. Once it has data its own log says so, as etcd has it: its peer URLs may be others by now than those
 * in its flags. With an empty disk it is, of a new cluster, what its flags say; of an existing one what the cluster says
 * that has added it. Such a newcomer starts without a configuration: it learns it from the log.
 *
 * Errors: `invalid-configuration` for a member that the cluster has seen before and that comes with an empty disk. It
 * must not take part again under its old id: what it acknowledged and whom it voted for is gone.
 */
export async function resolveIdentity(
  config: MemberConfig,
  disk: Disk,
  peerTls: Tls | null,
): Promise<InitialIdentity> {
  const stored = await storedIdentity(disk);
  if (config.initialClusterState === 'existing')
    return stored === null ? askCluster(config, peerTls) : withMembers(stored, []);
  const initial = initialIdentity(config);
  if (stored !== null && stored.memberId !== initial.memberId) return withMembers(stored, []);
  // A restored cluster has another id than a new one with the same flags.
  if (stored !== null) return { ...initial, clusterId: stored.clusterId };
  await refuseIfKnown(config, initial, peerTls);
  return initial;
}

/** Whether this member has published its addresses, which it does once it has run. */
async function refuseIfKnown(
  config: MemberConfig,
  { clusterId, memberId }: InitialIdentity,
  peerTls: Tls | null,
): Promise<void> {
  const others = config.initialCluster.filter((member) => member.name !== config.name);
  const answers = await Promise.allSettled(
    others.map(({ peerUrls }) => fetchMembers(peerUrls, askShortlyMs, peerTls)),
  );
  for (const answer of answers) {
    if (answer.status !== 'fulfilled' || answer.value.clusterId !== clusterId) continue;
    const record = answer.value.members.find(({ id }) => id === memberId);
    if (record !== undefined && record.clientUrls.length > 0) throw lostItsData(record);
  }
}

function lostItsData({ id, name }: MemberRecord): QuorateError {
  return new QuorateError(
    'invalid-configuration',
    `member ${id} (${name}) has run before, and this data folder is empty. Under its old id it could break what it has ` +
      'promised to the others. Give it its old folder with --data-dir; if that is lost, remove the member from the ' +
      'cluster (member remove), add it anew (member add) and start it with --initial-cluster-state existing',
  );
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

async function askCluster(config: MemberConfig, peerTls: Tls | null): Promise<InitialIdentity> {
  const own = config.initialCluster.find((member) => member.name === config.name);
  const others = config.initialCluster
    .filter((member) => member !== own)
    .flatMap((member) => member.peerUrls);
  const { clusterId, members } = await fetchMembers(others, askTimeoutMs, peerTls);
  const ownUrls = new Set(own?.peerUrls ?? []);
  const record = members.find((member) => member.peerUrls.some((url) => ownUrls.has(url)));
  if (record === undefined) {
    throw new QuorateError(
      'invalid-configuration',
      `the cluster ${clusterId} has no member with the peer URLs ${[...ownUrls].join(', ')}: add this member to the ` +
        'cluster first, or correct --initial-cluster',
    );
  }
  if (record.name !== '') throw lostItsData(record);
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
