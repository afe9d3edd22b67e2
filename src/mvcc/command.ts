import { unreachable } from '../base/index.js';
import { isAdminCommand, readAdminCommand, writeAdminCommand } from './admin-command.js';
import type { ByteReader } from './byte-reader.js';
import { uintSizeBytes, writeUint } from './byte-writer.js';
import type { ByteWriter } from './byte-writer.js';
import type {
  Command,
  Compare,
  CompareTarget,
  DeleteRangeRequest,
  MemberAttributes,
  PutRequest,
  RangeRequest,
  TxnOperation,
  TxnRequest,
} from './types.js';

/*
 * How a command stands in the log. Frozen: a change takes new tags.
 *
 *   command    = put | delete-range | txn | compact | attributes | (admin-command.ts)
 *   operation  = put | delete-range | txn | range | none
 *
 *   put          = 1 flags [lease] key value       flags: 1 prevKv, 2 ignoreValue, 4 ignoreLease, 8 a lease follows
 *   delete-range = 2 flags key [range-end]         flags: 1 prevKv, 2 a range end follows
 *   txn          = 3 count compare* count operation* count operation*
 *   compact      = 4 flags revision                flags: 1 physical
 *   attributes   = 5 id name count url*            text
 *   range        = 6 flags key [range-end] limit revision sort minMod maxMod minCreate maxCreate
 *                                                  flags: 1 serializable, 2 keysOnly, 4 countOnly, 8 a range end follows
 *   none         = 7
 *   compare      = flags key [range-end] operand   flags: result + 4 × target + 32 if a range end follows
 *
 *   result: equal, greater, less, not-equal; target: version, create, mod, value, lease; each counted from 0.
 *   sort: order (none, ascend, descend, invalid) + 4 × target (key, version, create, mod, value, invalid).
 *   Flags, tags and sort are one byte; key, value, text are their length as a varint and their bytes; a lease is eight
 *   bytes, big-endian; other numbers are varints, signed where they may be negative (ByteWriter.int).
 *
 * Example: put k = v is `01 00 01 6b 01 76`.
 */
const putTag = 1;
const deleteRangeTag = 2;
const txnTag = 3;
const compactTag = 4;
const attributesTag = 5;
const rangeTag = 6;
const noneTag = 7;

const sortOrders = ['none', 'ascend', 'descend', 'invalid'] as const;
const sortTargets = ['key', 'version', 'create', 'mod', 'value', 'invalid'] as const;
const compareResults = ['equal', 'greater', 'less', 'not-equal'] as const;
const compareTargets = ['version', 'create', 'mod', 'value', 'lease'] as const;

/** More levels than a transaction that passes validation can have. */
const nestingMax = 130;

/** Appends the command as it stands in the log. */
export function writeCommand(writer: ByteWriter, command: Command): void {
  if (isAdminCommand(command)) {
    writeAdminCommand(writer, command);
    return;
  }
  switch (command.type) {
    case 'put':
      writePut(writer, command);
      break;
    case 'delete-range':
      writeDeleteRange(writer, command);
      break;
    case 'txn':
      writeTxn(writer, command);
      break;
    case 'compact':
      writer.byte(compactTag);
      writer.byte(command.physical ? 1 : 0);
      writer.int(command.revision);
      break;
    case 'member-attributes':
      writeAttributes(writer, command);
      break;
    default:
      unreachable(command);
  }
}

/** The hot path: one buffer of the exact size. `prefix` comes before the command. */
export function encodePut(put: PutRequest, prefix: Uint8Array): Buffer {
  const buffer = Buffer.allocUnsafe(prefix.length + putSizeBytes(put));
  buffer.set(prefix, 0);
  let offset = prefix.length;
  buffer[offset++] = putTag;
  buffer[offset++] = putFlags(put);
  if (put.lease !== 0n) offset = buffer.writeBigInt64BE(put.lease, offset);
  offset = writeUint(buffer, put.key.length, offset);
  offset += buffer.write(put.key, offset, put.key.length, 'latin1');
  offset = writeUint(buffer, put.value.length, offset);
  buffer.set(put.value, offset);
  return buffer;
}

function putSizeBytes(put: PutRequest): number {
  const keySizeBytes = uintSizeBytes(put.key.length) + put.key.length;
  const valueSizeBytes = uintSizeBytes(put.value.length) + put.value.length;
  return 2 + (put.lease === 0n ? 0 : 8) + keySizeBytes + valueSizeBytes;
}

function putFlags(put: PutRequest): number {
  return (
    (put.prevKv ? 1 : 0) | (put.ignoreValue ? 2 : 0) | (put.ignoreLease ? 4 : 0) | (put.lease !== 0n ? 8 : 0)
  );
}

function writePut(writer: ByteWriter, put: PutRequest): void {
  writer.byte(putTag);
  writer.byte(putFlags(put));
  if (put.lease !== 0n) writer.int64(put.lease);
  writer.key(put.key);
  writer.bytes(put.value);
}

function writeDeleteRange(writer: ByteWriter, request: DeleteRangeRequest): void {
  writer.byte(deleteRangeTag);
  writer.byte((request.prevKv ? 1 : 0) | (request.rangeEnd !== null ? 2 : 0));
  writer.key(request.key);
  if (request.rangeEnd !== null) writer.key(request.rangeEnd);
}

function writeTxn(writer: ByteWriter, txn: TxnRequest): void {
  writer.byte(txnTag);
  writer.uint(txn.compare.length);
  for (const compare of txn.compare) writeCompare(writer, compare);
  for (const operations of [txn.success, txn.failure]) {
    writer.uint(operations.length);
    for (const operation of operations) writeOperation(writer, operation);
  }
}

function writeOperation(writer: ByteWriter, operation: TxnOperation): void {
  switch (operation.type) {
    case 'put':
      writePut(writer, operation);
      break;
    case 'delete-range':
      writeDeleteRange(writer, operation);
      break;
    case 'txn':
      writeTxn(writer, operation);
      break;
    case 'range':
      writeRange(writer, operation);
      break;
    case 'none':
      writer.byte(noneTag);
      break;
    default:
      unreachable(operation);
  }
}

function writeRange(writer: ByteWriter, range: RangeRequest): void {
  writer.byte(rangeTag);
  const flags =
    (range.serializable ? 1 : 0) |
    (range.keysOnly ? 2 : 0) |
    (range.countOnly ? 4 : 0) |
    (range.rangeEnd !== null ? 8 : 0);
  writer.byte(flags);
  writer.key(range.key);
  if (range.rangeEnd !== null) writer.key(range.rangeEnd);
  writer.int(range.limit);
  writer.int(range.revision);
  writer.byte(sortOrders.indexOf(range.sortOrder) + 4 * sortTargets.indexOf(range.sortTarget));
  writer.int(range.minModRevision);
  writer.int(range.maxModRevision);
  writer.int(range.minCreateRevision);
  writer.int(range.maxCreateRevision);
}

function writeCompare(writer: ByteWriter, compare: Compare): void {
  const { target } = compare;
  const result = compareResults.indexOf(compare.result);
  writer.byte(result + 4 * compareTargets.indexOf(target.type) + (compare.rangeEnd !== null ? 32 : 0));
  writer.key(compare.key);
  if (compare.rangeEnd !== null) writer.key(compare.rangeEnd);
  switch (target.type) {
    case 'version':
      writer.int(target.version);
      break;
    case 'create':
    case 'mod':
      writer.int(target.revision);
      break;
    case 'value':
      writer.bytes(target.value);
      break;
    case 'lease':
      writer.int64(target.lease);
      break;
    default:
      unreachable(target);
  }
}

function writeAttributes(writer: ByteWriter, attributes: MemberAttributes): void {
  writer.byte(attributesTag);
  writer.text(attributes.id);
  writer.text(attributes.name);
  writer.uint(attributes.clientUrls.length);
  for (const url of attributes.clientUrls) writer.text(url);
}

/** Reads what writeCommand wrote; values are views. */
export function readCommand(reader: ByteReader): Command {
  const tag = reader.byte();
  switch (tag) {
    case putTag:
      return readPut(reader);
    case deleteRangeTag:
      return readDeleteRange(reader);
    case txnTag:
      return readTxn(reader, 1);
    case compactTag: {
      const flags = readFlags(reader, 1);
      return { type: 'compact', revision: reader.int(), physical: flags === 1 };
    }
    case attributesTag:
      return {
        type: 'member-attributes',
        id: reader.text(),
        name: reader.text(),
        clientUrls: readMany(reader, () => reader.text()),
      };
    default: {
      const command = readAdminCommand(reader, tag);
      if (command === null) throw reader.fail(`tag ${tag} is no command`);
      return command;
    }
  }
}

function readOperation(reader: ByteReader, level: number): TxnOperation {
  const tag = reader.byte();
  switch (tag) {
    case putTag:
      return readPut(reader);
    case deleteRangeTag:
      return readDeleteRange(reader);
    case txnTag:
      return readTxn(reader, level + 1);
    case rangeTag:
      return readRange(reader);
    case noneTag:
      return { type: 'none' };
    default:
      throw reader.fail(`tag ${tag} is no operation`);
  }
}

function readPut(reader: ByteReader): PutRequest {
  const flags = readFlags(reader, 15);
  const lease = (flags & 8) !== 0 ? reader.int64() : 0n;
  return {
    type: 'put',
    key: reader.key(),
    value: reader.bytes(),
    lease,
    prevKv: (flags & 1) !== 0,
    ignoreValue: (flags & 2) !== 0,
    ignoreLease: (flags & 4) !== 0,
  };
}

function readDeleteRange(reader: ByteReader): DeleteRangeRequest {
  const flags = readFlags(reader, 3);
  const key = reader.key();
  const rangeEnd = (flags & 2) !== 0 ? reader.key() : null;
  return { type: 'delete-range', key, rangeEnd, prevKv: (flags & 1) !== 0 };
}

function readTxn(reader: ByteReader, level: number): TxnRequest {
  if (level > nestingMax) throw reader.fail('transactions are nested too deeply');
  const operation = (): TxnOperation => readOperation(reader, level);
  return {
    type: 'txn',
    compare: readMany(reader, () => readCompare(reader)),
    success: readMany(reader, operation),
    failure: readMany(reader, operation),
  };
}

function readRange(reader: ByteReader): RangeRequest {
  const flags = readFlags(reader, 15);
  const key = reader.key();
  const rangeEnd = (flags & 8) !== 0 ? reader.key() : null;
  const limit = reader.int();
  const revision = reader.int();
  const sort = reader.byte();
  return {
    type: 'range',
    key,
    rangeEnd,
    limit,
    revision,
    sortOrder: pick(reader, sortOrders, sort % 4),
    sortTarget: pick(reader, sortTargets, sort >>> 2),
    serializable: (flags & 1) !== 0,
    keysOnly: (flags & 2) !== 0,
    countOnly: (flags & 4) !== 0,
    minModRevision: reader.int(),
    maxModRevision: reader.int(),
    minCreateRevision: reader.int(),
    maxCreateRevision: reader.int(),
  };
}

function readCompare(reader: ByteReader): Compare {
  const flags = readFlags(reader, 63);
  const key = reader.key();
  const rangeEnd = (flags & 32) !== 0 ? reader.key() : null;
  const result = pick(reader, compareResults, flags & 3);
  const target = readTarget(reader, pick(reader, compareTargets, (flags >>> 2) & 7));
  return { key, rangeEnd, result, target };
}

function readTarget(reader: ByteReader, type: CompareTarget['type']): CompareTarget {
  switch (type) {
    case 'version':
      return { type, version: reader.int() };
    case 'create':
    case 'mod':
      return { type, revision: reader.int() };
    case 'value':
      return { type, value: reader.bytes() };
    case 'lease':
      return { type, lease: reader.int64() };
    default:
      return unreachable(type);
  }
}

function readMany<T>(reader: ByteReader, readOne: () => T): T[] {
  const count = reader.uint();
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(readOne()); // Each takes a byte at least, so a lie ends with the bytes.
  return items;
}

function readFlags(reader: ByteReader, known: number): number {
  const flags = reader.byte();
  if (flags > known) throw reader.fail(`unknown flags ${flags}`);
  return flags;
}

function pick<T>(reader: ByteReader, choices: readonly T[], index: number): T {
  const choice = choices[index];
  if (choice === undefined) throw reader.fail(`unknown choice ${index}`);
  return choice;
}
