import type { Configuration, NodeId, Position, SnapshotMeta } from '../raft/index.js';
import type { WireWriter, WireReader } from './wire.js';
import { ProtocolError, sizeOfBytesField, sizeOfNumberField } from './wire.js';

/** Positions and snapshot metas, which Raft messages and snapshot streams share. Field numbers: peer.proto. */

export const idLengthMax = 64;
const idsMax = 1_000;
const idPattern = /^[\x21-\x7e]+$/;

export function sizeOfPosition(position: Position): number {
  return sizeOfNumberField(position.term) + sizeOfNumberField(position.index);
}

export function writePosition(writer: WireWriter, position: Position): void {
  writer.numberField(1, position.term);
  writer.numberField(2, position.index);
}

/** Reads the message that the field holds; so do the others here. */
export function readPosition(reader: WireReader): Position {
  const outer = reader.enter();
  let term = 0;
  let index = 0;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) term = reader.varint();
    else if (tag === 16) index = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { term, index };
}

export function sizeOfMeta(meta: SnapshotMeta): number {
  return sizeOfPosition(meta) + sizeOfBytesField(sizeOfConfiguration(meta.configuration));
}

export function writeMeta(writer: WireWriter, meta: SnapshotMeta): void {
  writePosition(writer, meta);
  writer.lengthField(3, sizeOfConfiguration(meta.configuration));
  idLists(meta.configuration).forEach((ids, place) => {
    for (const id of ids) writer.idField(place + 1, id);
  });
}

export function readMeta(reader: WireReader): SnapshotMeta {
  const outer = reader.enter();
  let term = 0;
  let index = 0;
  let configuration: Configuration | null = null;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) term = reader.varint();
    else if (tag === 16) index = reader.varint();
    else if (tag === 26) configuration = readConfiguration(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (configuration === null) throw new ProtocolError('a snapshot says nothing of its configuration');
  return { term, index, configuration };
}

function idLists(configuration: Configuration): readonly (readonly NodeId[])[] {
  const { voters, outgoing, learners, learnersNext } = configuration;
  return [voters, outgoing, learners, learnersNext];
}

function sizeOfConfiguration(configuration: Configuration): number {
  let size = 0;
  for (const ids of idLists(configuration)) for (const id of ids) size += sizeOfBytesField(id.length);
  return size;
}

function readConfiguration(reader: WireReader): Configuration {
  const outer = reader.enter();
  const voters: NodeId[] = [];
  const outgoing: NodeId[] = [];
  const learners: NodeId[] = [];
  const learnersNext: NodeId[] = [];
  const lists = new Map([
    [10, voters],
    [18, outgoing],
    [26, learners],
    [34, learnersNext],
  ]);
  while (!reader.done) {
    const tag = reader.varint();
    const list = lists.get(tag);
    if (list === undefined) reader.skip(tag);
    else list.push(readId(reader));
    if (list !== undefined && list.length > idsMax)
      throw new ProtocolError('a configuration names too many members');
  }
  reader.leave(outer);
  return { voters, outgoing, learners, learnersNext };
}

function readId(reader: WireReader): NodeId {
  const id = reader.id(idLengthMax);
  if (!idPattern.test(id)) throw new ProtocolError('a member id is not readable');
  return id;
}
