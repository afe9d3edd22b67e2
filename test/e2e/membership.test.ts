import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCluster } from '../../cluster/index.js';
import type { Cluster } from '../../cluster/index.js';
import { at } from '../../src/base/index.js';
import { etcdserverpb as pb } from '../../src/gen/protos.js';
import { connectRaw } from '../api/grpc-client.js';

/** Members that join, move and leave a running cluster of processes, while somebody writes to it. */

const main = join(import.meta.dirname, '../../dist/src/cli/main.js');
const timing = { heartbeatIntervalMs: 50, electionTimeoutMs: 500 } as const;
const patienceMs = 10_000;
const token = 'membership';

interface Codec<T> {
  decode(bytes: Uint8Array): T;
}

async function call<T>(endpoint: string, method: string, request: Uint8Array, answer: Codec<T>): Promise<T> {
  const client = connectRaw(endpoint);
  try {
    const outcome = await client.call(`/etcdserverpb.${method}`, request);
    if (!outcome.ok) throw new Error(outcome.message);
    return answer.decode(outcome.bytes);
  } finally {
    client.close();
  }
}

/** Again and again until it succeeds: members come and go. */
async function eventually<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`never came: ${what}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function put(endpoint: string, key: string): Promise<unknown> {
  const request = { key: Buffer.from(key), value: Buffer.from('value') };
  return call(endpoint, 'KV/Put', pb.PutRequest.encode(request).finish(), pb.PutResponse);
}

async function keysOf(endpoint: string): Promise<readonly string[]> {
  const request = { key: Buffer.of(0), rangeEnd: Buffer.of(0), keysOnly: true };
  const { kvs } = await call(
    endpoint,
    'KV/Range',
    pb.RangeRequest.encode(request).finish(),
    pb.RangeResponse,
  );
  return kvs.map(({ key }) => Buffer.from(key ?? []).toString());
}

async function addMember(endpoint: string, peerUrl: string, isLearner: boolean): Promise<unknown> {
  const request = { peerURLs: [peerUrl], isLearner };
  const { member } = await call(
    endpoint,
    'Cluster/MemberAdd',
    pb.MemberAddRequest.encode(request).finish(),
    pb.MemberAddResponse,
  );
  return member?.ID;
}

type Id = NonNullable<pb.MemberRemoveRequest.$Properties['ID']>;

async function removeMember(endpoint: string, ID: Id): Promise<unknown> {
  const request = pb.MemberRemoveRequest.encode({ ID }).finish();
  return call(endpoint, 'Cluster/MemberRemove', request, pb.MemberRemoveResponse);
}

async function statusOf(endpoint: string): Promise<pb.StatusResponse> {
  return call(endpoint, 'Maintenance/Status', new Uint8Array(), pb.StatusResponse);
}

/** A member as a process, started by hand. */
interface Process {
  readonly endpoint: string;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
  output(): string;
  kill(): Promise<unknown>;
}

const running = new Set<ChildProcess>();

function launch(flags: Readonly<Record<string, string>>): Process {
  const clientUrl = flags['listen-client-urls'] ?? '';
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const child = spawn(process.execPath, [main, 'server', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      running.delete(child);
      resolve(code);
    }),
  );
  return {
    endpoint: clientUrl.replace('http://', ''),
    ended,
    output: () => output,
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

async function freeUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe('a cluster of processes', () => {
  let folder: string;
  let cluster: Cluster;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-membership-'));
    const place = { dataFolder: join(folder, 'cluster'), ports: 'free', token } as const;
    cluster = await createCluster({ ...place, size: 3, ...timing });
    await cluster.start();
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await cluster.kill();
    await rm(folder, { recursive: true, force: true });
  });

  /** Writes through all members in turn until it is stopped; gives what was acknowledged. */
  function startWriter(): { stop(): Promise<readonly string[]> } {
    let stopped = false;
    const acknowledged: string[] = [];
    async function write(): Promise<readonly string[]> {
      for (let count = 0; !stopped; count++) {
        const key = `written-${count}`;
        await put(at(cluster.endpoints, count % 3), key).then(
          () => acknowledged.push(key),
          () => undefined, // Unknown, as any client would have to take it.
        );
      }
      return acknowledged;
    }
    const done = write();
    return {
      stop() {
        stopped = true;
        return done;
      },
    };
  }

  /** The flags of a member that no launcher starts. */
  function flagsOf(
    name: string,
    place: { readonly data: string; readonly peerUrl: string; readonly clientUrl: string },
    others: readonly { readonly name: string; readonly peerUrl: string }[],
  ): Record<string, string> {
    const all = [...others.filter((other) => other.name !== name), { name, peerUrl: place.peerUrl }];
    return {
      name,
      'data-dir': join(folder, place.data),
      'listen-client-urls': place.clientUrl,
      'listen-peer-urls': place.peerUrl,
      'initial-cluster': all.map((member) => `${member.name}=${member.peerUrl}`).join(','),
      'initial-cluster-token': token,
      'initial-cluster-state': 'existing',
      'heartbeat-interval': String(timing.heartbeatIntervalMs),
      'election-timeout': String(timing.electionTimeoutMs),
    };
  }

  test('refuses a member that comes back with nothing, as if the cluster were new', async () => {
    const member = at(cluster.members, 2);
    const published = async (): Promise<void> => {
      const { members } = await call(
        at(cluster.endpoints, 0),
        'Cluster/MemberList',
        new Uint8Array(),
        pb.MemberListResponse,
      );
      if (members.some(({ clientURLs }) => clientURLs?.length !== 1))
        throw new Error('not all have published');
    };
    await eventually('what all members tell of themselves', published);
    await member.kill();
    const { name, peerUrl, clientUrl } = member;
    const flags = flagsOf(name, { data: 'nothing', peerUrl, clientUrl }, cluster.members);
    const forgetful = launch({ ...flags, 'initial-cluster-state': 'new' });
    expect(await forgetful.ended).not.toBe(0);
    expect(forgetful.output()).toMatch(/has run before, and this data folder is empty/);
    await member.start();
    await member.waitUntilServing();
  });

  test('of one grows', async () => {
    const alone = { name: 'first', peerUrl: await freeUrl() };
    const firstUrl = await freeUrl();
    const first = launch({
      ...flagsOf(alone.name, { data: 'first', peerUrl: alone.peerUrl, clientUrl: firstUrl }, []),
      'initial-cluster-state': 'new',
    });
    await eventually('the first', () => put(first.endpoint, 'key'));
    const place = { data: 'second', peerUrl: await freeUrl(), clientUrl: await freeUrl() };
    await eventually('a place for the second', () => addMember(first.endpoint, place.peerUrl, false));
    await put(first.endpoint, 'meanwhile');
    const second = launch(flagsOf('second', place, [alone]));
    await eventually('the second', () => put(second.endpoint, 'by-the-second'));
    expect(await keysOf(first.endpoint)).toEqual(['by-the-second', 'key', 'meanwhile']);
    await Promise.all([first.kill(), second.kill()]);
  });

  test('takes a learner in, promotes it, follows it to another address, and lets members go', async () => {
    const writer = startWriter();
    const [first, second] = cluster.endpoints;
    if (first === undefined || second === undefined) throw new Error('three members');
    const [peerUrl, otherPeerUrl, clientUrl] = [await freeUrl(), await freeUrl(), await freeUrl()];
    const flags = flagsOf('joiner', { data: 'joiner', peerUrl, clientUrl }, cluster.members);

    // It joins as a learner and is promoted once it has caught up.
    const id = (await eventually('a place for it', () => addMember(first, peerUrl, true))) as Id;
    let joiner = launch(flags);
    await eventually('a learner that has caught up', () =>
      call(
        second,
        'Cluster/MemberPromote',
        pb.MemberPromoteRequest.encode({ ID: id }).finish(),
        pb.MemberPromoteResponse,
      ),
    );
    await eventually('a voter that serves', () => put(joiner.endpoint, 'by-the-joiner'));
    expect(await keysOf(first)).toContain('by-the-joiner');

    // It cannot come back with nothing under its old id.
    await joiner.kill();
    const forgetful = launch({ ...flags, 'data-dir': join(folder, 'empty') });
    expect(await forgetful.ended).not.toBe(0);
    expect(forgetful.output()).toMatch(/has run before, and this data folder is empty/);

    // It moves to another address.
    const update = pb.MemberUpdateRequest.encode({ ID: id, peerURLs: [otherPeerUrl] }).finish();
    await call(first, 'Cluster/MemberUpdate', update, pb.MemberUpdateResponse);
    const moved = flagsOf('joiner', { data: 'joiner', peerUrl: otherPeerUrl, clientUrl }, cluster.members);
    joiner = launch(moved);
    await eventually('the member at its new address', () => put(joiner.endpoint, 'from-elsewhere'));
    expect(await keysOf(second)).toContain('from-elsewhere');

    // It is removed, says so and ends; started again it says so, too.
    await removeMember(first, id);
    expect(await joiner.ended).toBe(0);
    expect(joiner.output()).toMatch(/removed from its cluster/);
    joiner = launch(moved);
    await joiner.ended;
    expect(joiner.output()).toMatch(/removed from its cluster/);

    // The leader is removed, and the two that are left go on.
    const { leader, header } = await statusOf(first);
    const asked = String(leader) === String(header?.memberId) ? second : first;
    await removeMember(asked, leader);
    const acknowledged = await writer.stop();
    const found = await eventually('all that was acknowledged', async () => {
      const answers = await Promise.allSettled(cluster.endpoints.map((endpoint) => keysOf(endpoint)));
      const keys = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      if (keys.length !== 2) throw new Error(`${keys.length} of them answer`);
      return keys;
    });
    expect(acknowledged.length).toBeGreaterThan(10);
    for (const keys of found) expect(keys).toEqual(expect.arrayContaining([...acknowledged]));
  }, 60_000);
});
