import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createGuard, createMemberProcess, planPorts } from '../cluster/index.js';
import type { ClusterMember } from '../cluster/index.js';
import { etcdserverpb } from '../src/gen/protos.js';
import { openRawClient, paths } from './grpc.js';
import type { RawClient } from './grpc.js';
import { programOf } from './systems.js';
import type { RunningSystem } from './systems.js';

/** A fourth member that joins a running cluster. */
export interface Newcomer {
  /** From the moment it was asked for until it had applied all but the last few of what the leader has. */
  readonly caughtUpMs: number;
}

const callTimeoutMs = 10_000;
const giveUpMs = 300_000;
const lookEveryMs = 50;
const name = 'n4';
/** Entries of the log by which a member under load may be behind and count as level. */
const behindMax = 1000;

/** Adds a member, waits until it has caught up, and removes it again, so that the next may come. */
export async function measureJoining(system: RunningSystem, folder: string): Promise<Newcomer> {
  const leader = openRawClient(system.leader.endpoint);
  const dataFolder = await mkdtemp(join(folder, 'newcomer-'));
  const guard = createGuard();
  const member = await createNewcomer(system, dataFolder, guard);
  const client = openRawClient(member.endpoint);
  try {
    const id = await add(leader, member.peerUrl);
    const startedMs = performance.now();
    await member.start();
    await waitUntilLevel(leader, client, member);
    const caughtUpMs = performance.now() - startedMs;
    const request = etcdserverpb.MemberRemoveRequest.encode({ ID: id }).finish();
    await leader.call('/etcdserverpb.Cluster/MemberRemove', request, callTimeoutMs);
    return { caughtUpMs };
  } finally {
    client.close();
    leader.close();
    await member.kill();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function createNewcomer(
  { name: system, cluster }: RunningSystem,
  dataFolder: string,
  guard: ReturnType<typeof createGuard>,
): Promise<ClusterMember> {
  const [ports] = await planPorts('free', 1);
  if (ports === undefined) throw new Error('no ports for a newcomer');
  const clientUrl = `http://127.0.0.1:${ports.client}`;
  const peerUrl = `http://127.0.0.1:${ports.peer}`;
  const others = cluster.members.map((member) => `${member.name}=${member.peerUrl}`);
  const [file, ...args] = programOf(system);
  return createMemberProcess({
    name,
    clientUrl,
    peerUrl,
    ports,
    dataFolder: join(dataFolder, 'data'),
    logFile: join(dataFolder, 'log'),
    command: [
      file,
      ...args,
      ...['--name', name, '--data-dir', join(dataFolder, 'data')],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', [...others, `${name}=${peerUrl}`].join(',')],
      ...['--initial-cluster-state', 'existing'],
    ],
    guard,
    onEvent: () => undefined,
  });
}

type MemberId = NonNullable<etcdserverpb.Member.$Properties['ID']>;

/** Members that have only just met refuse changes for a few seconds. */
async function add(leader: RawClient, peerUrl: string): Promise<MemberId> {
  const request = etcdserverpb.MemberAddRequest.encode({ peerURLs: [peerUrl] }).finish();
  const untilMs = performance.now() + giveUpMs;
  for (;;) {
    try {
      const answer = await leader.call('/etcdserverpb.Cluster/MemberAdd', request, callTimeoutMs);
      const id = etcdserverpb.MemberAddResponse.decode(answer).member?.ID;
      if (id === undefined || id === null) throw new Error('a member without an id was added');
      return id;
    } catch (error) {
      if (performance.now() > untilMs || !String(error).includes('unhealthy')) throw error;
      await pause(lookEveryMs * 10);
    }
  }
}

async function waitUntilLevel(leader: RawClient, newcomer: RawClient, member: ClusterMember): Promise<void> {
  const untilMs = performance.now() + giveUpMs;
  while (performance.now() < untilMs) {
    if (member.state !== 'running')
      throw new Error(`the newcomer ended: ${(await member.lastLogLines()).join('\n')}`);
    const mine = await appliedOf(newcomer);
    const theirs = await appliedOf(leader);
    if (mine !== null && theirs !== null && mine >= theirs - behindMax) return;
    await pause(lookEveryMs);
  }
  throw new Error(`a newcomer did not catch up within ${giveUpMs / 1000} s`);
}

/** Null while it does not answer. */
async function appliedOf(client: RawClient): Promise<number | null> {
  try {
    const status = etcdserverpb.StatusResponse.decode(
      await client.call(paths.status, new Uint8Array(0), callTimeoutMs),
    );
    return Number(status.raftAppliedIndex);
  } catch {
    return null;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
