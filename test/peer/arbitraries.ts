import fc from 'fast-check';

import type {
  Configuration,
  Entry,
  EntryKind,
  Message,
  NodeId,
  Position,
  SnapshotMeta,
} from '../../src/raft/index.js';

/** Every number that may travel, with the edges of each varint length more often than chance would have them. */
export const wholeNumber: fc.Arbitrary<number> = fc.oneof(
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  fc.nat({ max: 300 }),
  fc.integer({ min: 0, max: 52 }).map((bits) => 2 ** bits),
  fc.integer({ min: 1, max: 53 }).map((bits) => 2 ** bits - 1),
);

export const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

const kind: fc.Arbitrary<EntryKind> = fc.constantFrom('normal', 'configuration');
const position: fc.Arbitrary<Position> = fc.record({ term: wholeNumber, index: wholeNumber });
const nodeId: fc.Arbitrary<NodeId> = fc.stringMatching(/^[0-9a-f]{16}$/);
const nodeIds = fc.array(nodeId, { maxLength: 7 });

const configuration: fc.Arbitrary<Configuration> = fc.record({
  voters: nodeIds,
  outgoing: nodeIds,
  learners: nodeIds,
  learnersNext: nodeIds,
});

export const snapshotMeta: fc.Arbitrary<SnapshotMeta> = fc.record({
  term: wholeNumber,
  index: wholeNumber,
  configuration,
});

const logIndex = fc.nat({ max: Number.MAX_SAFE_INTEGER - 100 });

const append = fc
  .record({
    previous: fc.record({ term: wholeNumber, index: logIndex }),
    parts: fc.array(fc.record({ term: wholeNumber, kind, data: bytes(40) }), { maxLength: 8 }),
    commit: wholeNumber,
  })
  .map(({ previous, parts, commit }) => {
    const entries: Entry[] = parts.map((part, place) => ({ ...part, index: previous.index + 1 + place }));
    return { type: 'append' as const, previous, entries, commit };
  });

type WithoutEnvelope<M> = M extends Message ? Omit<M, 'from' | 'to' | 'term'> : never;

const bodies: {
  readonly [Type in Message['type']]: fc.Arbitrary<WithoutEnvelope<Extract<Message, { type: Type }>>>;
} = {
  'pre-vote': fc.record({ type: fc.constant('pre-vote'), last: position }),
  'pre-vote-response': fc.record({ type: fc.constant('pre-vote-response'), granted: fc.boolean() }),
  vote: fc.record({ type: fc.constant('vote'), last: position, transfer: fc.boolean() }),
  'vote-response': fc.record({ type: fc.constant('vote-response'), granted: fc.boolean() }),
  append,
  'append-response': fc.record({
    type: fc.constant('append-response'),
    index: wholeNumber,
    conflict: fc.option(position),
  }),
  heartbeat: fc.record({ type: fc.constant('heartbeat'), commit: wholeNumber, readContext: wholeNumber }),
  'heartbeat-response': fc.record({ type: fc.constant('heartbeat-response'), readContext: wholeNumber }),
  snapshot: fc.record({ type: fc.constant('snapshot'), meta: snapshotMeta }),
  propose: fc.record({
    type: fc.constant('propose'),
    entries: fc.array(fc.record({ kind, data: bytes(40) }), { maxLength: 8 }),
  }),
  'read-index': fc.record({ type: fc.constant('read-index'), context: wholeNumber }),
  'read-index-response': fc.record({
    type: fc.constant('read-index-response'),
    context: wholeNumber,
    index: wholeNumber,
  }),
  'timeout-now': fc.record({ type: fc.constant('timeout-now') }),
};

export const messageTypes = Object.keys(bodies) as Message['type'][];

export function messageOfType(type: Message['type'], from: NodeId, to: NodeId): fc.Arbitrary<Message> {
  return fc.tuple(bodies[type], wholeNumber).map(([body, term]) => ({ ...body, from, to, term }));
}

export function anyMessage(from: NodeId, to: NodeId): fc.Arbitrary<Message> {
  return fc.oneof(...messageTypes.map((type) => messageOfType(type, from, to)));
}
