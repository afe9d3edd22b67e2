import { some } from '../base/index.js';
import type { Message, NodeId, Position, SnapshotMeta } from '../raft/index.js';
import type { FlatEntry, FlatMessage } from './flat-message.js';
import { createFlat, flatten, unflatten } from './flat-message.js';
import {
  idLengthMax,
  readMeta,
  readPosition,
  sizeOfMeta,
  sizeOfPosition,
  writeMeta,
  writePosition,
} from './meta-codec.js';
import { ProtocolError, sizeOfBytesField, sizeOfNumberField, WireReader, WireWriter } from './wire.js';

/**
 * Batches of Raft messages as bytes: peer.proto's RaftBatch, written and read by hand because every append, response
 * and heartbeat passes here. The decoder trusts nothing: whatever does not decode, or counts too much, is a
 * ProtocolError. Fields that it does not know are passed over; kinds of message that it does not know are not.
 */

/** The two ends of a stream. */
export interface Route {
  readonly from: NodeId;
  readonly to: NodeId;
}

/** An entry is an object many times its bytes: what a hostile batch can make of 16 MiB is bounded here. */
const entriesPerBatchMax = 1 << 18;
const messagesPerBatchMax = 1 << 16;

const typeNumbers: Readonly<Record<Message['type'], number>> = {
  'pre-vote': 1,
  'pre-vote-response': 2,
  vote: 3,
  'vote-response': 4,
  append: 5,
  'append-response': 6,
  heartbeat: 7,
  'heartbeat-response': 8,
  snapshot: 9,
  propose: 10,
  'read-index': 11,
  'read-index-response': 12,
  'timeout-now': 13,
};

const typesByNumber: readonly (Message['type'] | undefined)[] = invert(typeNumbers);

/** `messages` must all go from `route.from` to `route.to`; at least one. */
export function encodeBatch(route: Route, messages: readonly Message[]): Buffer {
  const flats: FlatMessage[] = [];
  const sizes: number[] = [];
  let total = sizeOfBytesField(route.from.length) + sizeOfBytesField(route.to.length);
  for (const message of messages) {
    const flat = flatten(message);
    const size = sizeOfFlat(flat);
    flats.push(flat);
    sizes.push(size);
    total += sizeOfBytesField(size);
  }
  const writer = new WireWriter(total);
  writer.idField(1, route.from);
  writer.idField(2, route.to);
  flats.forEach((flat, place) => {
    writer.lengthField(3, some(sizes[place], 'a size for each message'));
    writeFlat(writer, flat);
  });
  return writer.finish();
}

/**
 * The messages of a batch that came on the stream of `route`. Entries' data are views into `bytes`.
 *
 * Throws a ProtocolError: undecodable, too much of anything, or of another sender or receiver than the stream's.
 */
export function decodeBatch(route: Route, bytes: Uint8Array): Message[] {
  const reader = new WireReader(bytes);
  const messages: Message[] = [];
  const budget = { entries: entriesPerBatchMax };
  let from = '';
  let to = '';
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) from = reader.id(idLengthMax);
    else if (tag === 18) to = reader.id(idLengthMax);
    else if (tag === 26) {
      if (messages.length >= messagesPerBatchMax) throw new ProtocolError('a batch has too many messages');
      messages.push(unflatten(readFlat(reader, budget), route.from, route.to));
    } else reader.skip(tag);
  }
  if (from !== route.from) throw new ProtocolError('a batch claims another sender than its stream');
  if (to !== route.to) throw new ProtocolError('a batch is for another member');
  return messages;
}

/** About what a message takes in memory and on the wire, for the bounds of queues. */
export function approximateSizeBytes(message: Message): number {
  let size = 32;
  if (message.type === 'append' || message.type === 'propose') {
    for (const entry of message.entries) size += 16 + entry.data.length;
  }
  return size;
}

function sizeOfFlat(flat: FlatMessage): number {
  let size = sizeOfNumberField(typeNumbers[flat.type]) + sizeOfNumberField(flat.term);
  size += sizeOfNumberField(flat.index) + sizeOfNumberField(flat.logTerm);
  size += sizeOfNumberField(flat.commit) + sizeOfNumberField(flat.context);
  if (flat.flag) size += 2;
  if (flat.conflict !== null) size += sizeOfBytesField(sizeOfPosition(flat.conflict));
  for (const entry of flat.entries) size += sizeOfBytesField(sizeOfEntry(entry));
  if (flat.snapshot !== null) size += sizeOfBytesField(sizeOfMeta(flat.snapshot));
  return size;
}

function sizeOfEntry(entry: FlatEntry): number {
  const size = sizeOfNumberField(entry.term) + (entry.kind === 'normal' ? 0 : 2);
  return entry.data.length === 0 ? size : size + sizeOfBytesField(entry.data.length);
}

function writeFlat(writer: WireWriter, flat: FlatMessage): void {
  writer.numberField(1, typeNumbers[flat.type]);
  writer.numberField(2, flat.term);
  writer.numberField(3, flat.index);
  writer.numberField(4, flat.logTerm);
  writer.numberField(5, flat.commit);
  writer.numberField(6, flat.context);
  writer.numberField(7, flat.flag ? 1 : 0);
  if (flat.conflict !== null) {
    writer.lengthField(8, sizeOfPosition(flat.conflict));
    writePosition(writer, flat.conflict);
  }
  for (const entry of flat.entries) {
    writer.lengthField(9, sizeOfEntry(entry));
    writer.numberField(1, entry.term);
    writer.numberField(2, entry.kind === 'normal' ? 0 : 1);
    if (entry.data.length > 0) writer.bytesField(3, entry.data);
  }
  if (flat.snapshot !== null) {
    writer.lengthField(10, sizeOfMeta(flat.snapshot));
    writeMeta(writer, flat.snapshot);
  }
}

interface Budget {
  entries: number;
}

function readFlat(reader: WireReader, budget: Budget): FlatMessage {
  const outer = reader.enter();
  const flat = createFlat('timeout-now', 0);
  const entries: FlatEntry[] = [];
  let type: Message['type'] | undefined;
  let conflict: Position | null = null;
  let snapshot: SnapshotMeta | null = null;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) type = typesByNumber[reader.varint()];
    else if (tag === 16) flat.term = reader.varint();
    else if (tag === 24) flat.index = reader.varint();
    else if (tag === 32) flat.logTerm = reader.varint();
    else if (tag === 40) flat.commit = reader.varint();
    else if (tag === 48) flat.context = reader.varint();
    else if (tag === 56) flat.flag = reader.varint() !== 0;
    else if (tag === 66) conflict = readPosition(reader);
    else if (tag === 74) entries.push(readEntry(reader, budget));
    else if (tag === 82) snapshot = readMeta(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (type === undefined) throw new ProtocolError('a message is of no known type');
  flat.type = type;
  flat.conflict = conflict;
  flat.entries = entries;
  flat.snapshot = snapshot;
  return flat;
}

const noData = Buffer.alloc(0);

function readEntry(reader: WireReader, budget: Budget): FlatEntry {
  if (--budget.entries < 0) throw new ProtocolError('a batch has too many entries');
  const outer = reader.enter();
  let term = 0;
  let kind = 0;
  let data: Uint8Array = noData;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) term = reader.varint();
    else if (tag === 16) kind = reader.varint();
    else if (tag === 26) data = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (kind > 1) throw new ProtocolError('an entry is of no known kind');
  return { term, index: 0, kind: kind === 0 ? 'normal' : 'configuration', data };
}

function invert(
  numbers: Readonly<Record<Message['type'], number>>,
): readonly (Message['type'] | undefined)[] {
  const types: (Message['type'] | undefined)[] = [];
  for (const [type, number] of Object.entries(numbers)) types[number] = type as Message['type'];
  return types;
}
