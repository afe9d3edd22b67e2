import { asBuffer, emptyBytes, keyOf, QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';
import { uintSizeBytes, writeUint } from './byte-writer.js';
import type { KeyValue, LeaseId, Revision } from './types.js';

/*
 * mvccpb.KeyValue in protobuf, byte for byte as etcd stores it: fields in ascending order, zero and empty ones left out.
 *
 *   key = 1 (bytes), create_revision = 2, mod_revision = 3, version = 4 (varint), value = 5 (bytes), lease = 6 (int64)
 *
 * Example: k = v, created and modified at 2, version 1: `0a 01 6b 10 02 18 02 20 01 2a 01 76`.
 */
const keyTag = 0x0a;
const createTag = 0x10;
const modTag = 0x18;
const versionTag = 0x20;
const valueTag = 0x2a;
const leaseTag = 0x30;

/**
 * A key-value together with its encoding, which answers take over as it is. The encoding is no field that a spread would copy: whoever
 * makes another key-value of this one gets one without it.
 */
class StoredKeyValue implements KeyValue {
  readonly key: Key;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: number;
  readonly value: Uint8Array;
  readonly lease: LeaseId;
  readonly #encoded: Uint8Array;

  constructor(kv: KeyValue, value: Uint8Array, encoded: Uint8Array) {
    this.key = kv.key;
    this.createRevision = kv.createRevision;
    this.modRevision = kv.modRevision;
    this.version = kv.version;
    this.value = value;
    this.lease = kv.lease;
    this.#encoded = encoded;
  }

  get encoded(): Uint8Array {
    return this.#encoded;
  }
}

/** The key-value with `encoded`, which must be its encoding, as its own: also its value is a view into that from now on. */
export function keepEncoding(kv: KeyValue, encoded: Uint8Array): KeyValue {
  return new StoredKeyValue(kv, valueWithin(encoded, kv), encoded);
}

/** The value within an encoding: the last field, unless there is a lease. */
function valueWithin(encoded: Uint8Array, { value, lease }: KeyValue): Uint8Array {
  if (value.length === 0) return emptyBytes;
  if (value.buffer === encoded.buffer) return value;
  if (lease !== 0n) return decodeKeyValue(encoded).value;
  return encoded.subarray(encoded.length - value.length);
}

export function encodeKeyValue(kv: KeyValue): Buffer {
  const buffer = Buffer.allocUnsafe(sizeBytesOf(kv));
  let offset = 0;
  if (kv.key.length > 0) {
    buffer[offset++] = keyTag;
    offset = writeUint(buffer, kv.key.length, offset);
    offset += buffer.write(kv.key, offset, kv.key.length, 'latin1');
  }
  offset = writeNumber(buffer, createTag, kv.createRevision, offset);
  offset = writeNumber(buffer, modTag, kv.modRevision, offset);
  offset = writeNumber(buffer, versionTag, kv.version, offset);
  if (kv.value.length > 0) {
    buffer[offset++] = valueTag;
    offset = writeUint(buffer, kv.value.length, offset);
    buffer.set(kv.value, offset);
    offset += kv.value.length;
  }
  if (kv.lease !== 0n) {
    buffer[offset++] = leaseTag;
    writeInt64(buffer, kv.lease, offset);
  }
  return buffer;
}

/** The value is a view into `bytes`. Throws `storage-corrupt` for bytes that encodeKeyValue cannot have written. */
export function decodeKeyValue(bytes: Uint8Array): KeyValue {
  const buffer = asBuffer(bytes);
  const cursor: Cursor = { buffer, offset: 0 };
  let key = '';
  let createRevision = 0;
  let modRevision = 0;
  let version = 0;
  let value: Uint8Array = emptyBytes;
  let lease: LeaseId = 0n;
  for (let previous = 0; cursor.offset < buffer.length;) {
    const tag = readByte(cursor);
    if (tag <= previous) throw malformed();
    previous = tag;
    if (tag === keyTag) key = keyOf(readView(cursor));
    else if (tag === createTag) createRevision = readUint(cursor);
    else if (tag === modTag) modRevision = readUint(cursor);
    else if (tag === versionTag) version = readUint(cursor);
    else if (tag === valueTag) value = readView(cursor);
    else if (tag === leaseTag) lease = readInt64(cursor);
    else throw malformed();
  }
  return { key, createRevision, modRevision, version, value, lease };
}

function sizeBytesOf(kv: KeyValue): number {
  return (
    (kv.key.length > 0 ? 1 + uintSizeBytes(kv.key.length) + kv.key.length : 0) +
    (kv.createRevision > 0 ? 1 + uintSizeBytes(kv.createRevision) : 0) +
    (kv.modRevision > 0 ? 1 + uintSizeBytes(kv.modRevision) : 0) +
    (kv.version > 0 ? 1 + uintSizeBytes(kv.version) : 0) +
    (kv.value.length > 0 ? 1 + uintSizeBytes(kv.value.length) + kv.value.length : 0) +
    (kv.lease !== 0n ? 1 + int64SizeBytes(kv.lease) : 0)
  );
}

function writeNumber(buffer: Buffer, tag: number, value: number, offset: number): number {
  if (value === 0) return offset;
  buffer[offset] = tag;
  return writeUint(buffer, value, offset + 1);
}

function int64SizeBytes(value: bigint): number {
  let sizeBytes = 1;
  for (let rest = BigInt.asUintN(64, value); rest > 0x7fn; rest >>= 7n) sizeBytes++;
  return sizeBytes;
}

function writeInt64(buffer: Buffer, value: bigint, offset: number): void {
  let end = offset;
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) buffer[end++] = Number(rest & 0x7fn) | 0x80;
  buffer[end] = Number(rest);
}

interface Cursor {
  readonly buffer: Buffer;
  offset: number;
}

function malformed(): QuorateError {
  return new QuorateError('storage-corrupt', 'a stored record is malformed');
}

function readByte(cursor: Cursor): number {
  const byte = cursor.buffer[cursor.offset];
  if (byte === undefined) throw malformed();
  cursor.offset++;
  return byte;
}

function readUint(cursor: Cursor): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
    const byte = readByte(cursor);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) throw malformed();
      return value;
    }
  }
  throw malformed();
}

function readInt64(cursor: Cursor): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = readByte(cursor);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
  throw malformed();
}

function readView(cursor: Cursor): Uint8Array {
  const sizeBytes = readUint(cursor);
  const start = cursor.offset;
  if (sizeBytes > cursor.buffer.length - start) throw malformed();
  cursor.offset = start + sizeBytes;
  return cursor.buffer.subarray(start, cursor.offset);
}
