import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

import type { LogFields, Logger } from '../../src/base/index.js';
import { seededRandom } from '../../src/base/index.js';
import type { PeerHandlers, PeerNetwork, PeerNetworkOptions, SnapshotSink } from '../../src/peer/index.js';
import { createPeerNetwork } from '../../src/peer/index.js';
import type { Message, NodeId, SnapshotMeta } from '../../src/raft/index.js';
import type { StoreEntry } from '../../src/storage/index.js';

export const clusterId = 'c0c0c0c0c0c0c0c0';

export function memberId(letter: string): NodeId {
  return letter.repeat(16);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export async function freeUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** Resolves once the condition holds; the deadline is only there to name what never came. */
export async function until(what: string, condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > deadlineMs) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A member as its network sees it: writes down all that it is told. */
export interface TestMember {
  readonly id: NodeId;
  readonly url: string;
  readonly network: PeerNetwork;
  readonly batches: (readonly Message[])[];
  readonly unreachable: NodeId[];
  readonly lost: NodeId[];
  readonly refused: { readonly peer: NodeId; readonly reason: string }[];
  readonly arrived: { readonly from: NodeId; readonly term: number; readonly meta: SnapshotMeta }[];
  readonly sinks: TestSink[];
  readonly log: { readonly message: string; readonly fields: LogFields }[];
  messages(): Message[];
}

export interface TestSink {
  readonly entries: StoreEntry[];
  outcome: 'open' | 'finished' | 'aborted';
}

interface TestMemberOptions extends Partial<PeerNetworkOptions> {
  readonly url?: string;
  /** Stands before each write into a sink. */
  readonly beforeWrite?: (sink: TestSink) => Promise<void>;
  readonly handlers?: Partial<PeerHandlers>;
}

const started: TestMember[] = [];

export async function closeAll(): Promise<void> {
  await Promise.all(started.splice(0).map(({ network }) => network.close()));
}

export async function startMember(letter: string, options: TestMemberOptions = {}): Promise<TestMember> {
  const url = options.url ?? (await freeUrl());
  const id = options.identity?.memberId ?? memberId(letter);
  const records = {
    batches: [] as (readonly Message[])[],
    unreachable: [] as NodeId[],
    lost: [] as NodeId[],
    refused: [] as { peer: NodeId; reason: string }[],
    arrived: [] as { from: NodeId; term: number; meta: SnapshotMeta }[],
    sinks: [] as TestSink[],
    log: [] as { message: string; fields: LogFields }[],
  };
  const note = (message: string, fields: LogFields = {}): void => void records.log.push({ message, fields });
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const network = createPeerNetwork({
    identity: { clusterId, memberId: id },
    listenUrls: [url],
    logger,
    random: seededRandom(1),
    ...options,
  });
  const member = { id, url, network, ...records, messages: () => records.batches.flat() };
  started.push(member);
  await network.start({
    admits: () => true,
    onMessages: (messages) => records.batches.push(messages),
    onUnreachable: (peer) => records.unreachable.push(peer),
    onConnectionLost: (peer) => records.lost.push(peer),
    onRefused: (peer, reason) => records.refused.push({ peer, reason }),
    onSnapshot: (from, term, meta) => records.arrived.push({ from, term, meta }),
    openSnapshot: () => {
      const sink: TestSink = { entries: [], outcome: 'open' };
      records.sinks.push(sink);
      return Promise.resolve(recordingSink(sink, options.beforeWrite));
    },
    onCall: (_from, request) => Promise.resolve(request),
    describeMembers: () => [],
    ...options.handlers,
  });
  return member;
}

function recordingSink(sink: TestSink, beforeWrite: TestMemberOptions['beforeWrite']): SnapshotSink {
  return {
    async write(entries) {
      await beforeWrite?.(sink);
      sink.entries.push(...entries);
    },
    finish() {
      sink.outcome = 'finished';
      return Promise.resolve();
    },
    abort() {
      sink.outcome = 'aborted';
      return Promise.resolve();
    },
  };
}

/** Makes the members each other's peers and waits until a message has gone from each to each. */
export async function acquaint(...members: readonly TestMember[]): Promise<void> {
  for (const { network } of members) network.setPeers(members.map(({ id, url }) => ({ id, urls: [url] })));
  for (const from of members) {
    for (const to of members) if (from !== to) await reach(from, to);
  }
  for (const { batches, unreachable, lost } of members)
    for (const list of [batches, unreachable, lost]) list.length = 0;
}

let contextSoFar = 1_000_000;

/** Sends until something arrives, and then waits for what else was sent on the way. */
export async function reach(from: TestMember, to: TestMember): Promise<void> {
  const hasArrived = (context: number): boolean =>
    to.messages().some((message) => message.type === 'heartbeat' && message.readContext === context);
  const context = contextSoFar++;
  await until(`a message from ${from.id} to ${to.id}`, () => {
    from.network.send([heartbeat(from, to, context)]);
    return hasArrived(context);
  });
  const last = contextSoFar++;
  from.network.send([heartbeat(from, to, last)]);
  await until(`the last message from ${from.id} to ${to.id}`, () => hasArrived(last));
}

export function heartbeat(from: TestMember, to: TestMember, readContext: number): Message {
  return { type: 'heartbeat', from: from.id, to: to.id, term: 1, commit: 0, readContext };
}

export function proposal(from: TestMember, to: TestMember, data: Uint8Array): Message {
  return { type: 'propose', from: from.id, to: to.id, term: 1, entries: [{ kind: 'normal', data }] };
}
