import { at, unreachable } from '../base/index.js';
import type {
  CompactResponse,
  DeleteRangeResponse,
  HashKvResult,
  KeyValue,
  PutResponse,
  RangeResponse,
  TxnOperationResponse,
  TxnResponse,
} from '../mvcc/index.js';
import type { Answer } from './answer.js';
import { idOf } from './header.js';
import type { HeaderWriter } from './header.js';
import { createWireWriter } from './wire-writer.js';
import type { WireWriter } from './wire-writer.js';

/** One for all answers: each is written in one go, without waiting in between. */
const writer = createWireWriter();

export function encodeRangeResponse(header: HeaderWriter, response: RangeResponse): Answer {
  writeRangeBody(response);
  header(writer, response.revision);
  return writer.finishPieces();
}

export function encodePutResponse(header: HeaderWriter, response: PutResponse): Buffer {
  writePutBody(response);
  header(writer, response.revision);
  return writer.finish();
}

export function encodeDeleteRangeResponse(header: HeaderWriter, response: DeleteRangeResponse): Answer {
  writeDeleteRangeBody(response);
  header(writer, response.revision);
  return writer.finishPieces();
}

export function encodeTxnResponse(header: HeaderWriter, response: TxnResponse): Answer {
  writeTxnBody(response);
  header(writer, response.revision);
  return writer.finishPieces();
}

export function encodeCompactResponse(header: HeaderWriter, response: CompactResponse): Buffer {
  header(writer, response.revision);
  return writer.finish();
}

export function encodeHashKvResponse(header: HeaderWriter, result: HashKvResult): Buffer {
  writer.number(0x20, result.hashRevision);
  writer.number(0x18, result.compactRevision);
  writer.number(0x10, result.hash);
  header(writer, result.revision);
  return writer.finish();
}

export interface StatusFields {
  readonly version: string;
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  readonly leader: string | null;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly isLearner: boolean;
  readonly revision: number;
  readonly dbSizeQuotaBytes: number;
}

export function encodeStatusResponse(header: HeaderWriter, status: StatusFields): Buffer {
  writer.number(0x60, status.dbSizeQuotaBytes);
  writer.boolean(0x50, status.isLearner);
  writer.number(0x48, status.dbSizeInUseBytes);
  for (const error of status.errors.toReversed()) writer.text(0x42, error);
  writer.number(0x38, status.raftAppliedIndex);
  writer.number(0x30, status.raftTerm);
  writer.number(0x28, status.raftIndex);
  if (status.leader !== null) writer.bigint(0x20, idOf(status.leader));
  writer.number(0x18, status.dbSizeBytes);
  writer.text(0x12, status.version);
  header(writer, status.revision);
  return writer.finish();
}

/** 1: serving, 2: not serving; the numbers are gRPC's. */
export function encodeHealthResponse(serving: boolean): Buffer {
  writer.number(0x08, serving ? 1 : 2);
  return writer.finish();
}

/** An mvccpb.KeyValue as the field of that tag. */
export function writeKeyValue(to: WireWriter, tag: number, kv: KeyValue): void {
  const mark = to.mark();
  if (kv.encoded !== undefined) {
    to.raw(kv.encoded);
    to.message(tag, mark);
    return;
  }
  to.bigint(0x30, kv.lease);
  to.bytes(0x2a, kv.value);
  to.number(0x20, kv.version);
  to.number(0x18, kv.modRevision);
  to.number(0x10, kv.createRevision);
  to.latin1(0x0a, kv.key);
  to.message(tag, mark);
}

/**
 * Encodes the lists of a large answer ahead, in pieces, and lets others run in between: in one go a hundred thousand keys
 * would hold everybody up for a quarter of a second.
 */
export async function encodeAhead(
  response: RangeResponse | DeleteRangeResponse | TxnResponse,
  pause: () => Promise<void>,
): Promise<void> {
  if (response.type === 'txn') {
    for (const inner of response.responses) if (inner.type !== 'put') await encodeAhead(inner, pause);
    return;
  }
  const [tag, kvs] =
    response.type === 'range' ? [rangeKvsTag, response.kvs] : [deletedKvsTag, response.previous];
  const pieces: Buffer[] = [];
  for (let start = 0; start < kvs.length;) {
    let sizeBytes = 0;
    let end = start;
    while (end < kvs.length && end - start < keysPerPiece && sizeBytes < pieceSizeBytes) {
      sizeBytes += at(kvs, end++).value.length;
    }
    if (end === kvs.length && start === 0) return; // Small enough.
    writeKeyValues(tag, kvs.slice(start, end));
    pieces.push(writer.finish());
    start = end;
    await pause();
  }
  encodedAhead.set(kvs, pieces);
}

/** Whether it is worth to encode it ahead. */
export function isLarge(response: RangeResponse | DeleteRangeResponse | TxnResponse): boolean {
  if (response.type === 'txn')
    return response.responses.some((inner) => inner.type !== 'put' && isLarge(inner));
  const kvs = response.type === 'range' ? response.kvs : response.previous;
  if (kvs.length > keysPerPiece) return true;
  return kvs.length > 1 && kvs.reduce((sum, { value }) => sum + value.length, 0) > pieceSizeBytes;
}

const keysPerPiece = 512;
const pieceSizeBytes = 512 * 1024;
const rangeKvsTag = 0x12;
const deletedKvsTag = 0x1a;
/** Lists that stand encoded, in pieces. */
const encodedAhead = new WeakMap<readonly KeyValue[], readonly Buffer[]>();

function writeKeyValues(tag: number, kvs: readonly KeyValue[]): void {
  const pieces = encodedAhead.get(kvs);
  if (pieces !== undefined) {
    writer.splice(pieces);
    return;
  }
  for (let index = kvs.length - 1; index >= 0; index--) {
    const kv = kvs[index];
    if (kv !== undefined) writeKeyValue(writer, tag, kv);
  }
}

function writeRangeBody(response: RangeResponse): void {
  writer.number(0x20, response.count);
  writer.boolean(0x18, response.more);
  writeKeyValues(rangeKvsTag, response.kvs);
}

function writePutBody(response: PutResponse): void {
  if (response.previous !== null) writeKeyValue(writer, 0x12, response.previous);
}

function writeDeleteRangeBody(response: DeleteRangeResponse): void {
  writeKeyValues(deletedKvsTag, response.previous);
  writer.number(0x10, response.deleted);
}

function writeTxnBody(response: TxnResponse): void {
  for (let index = response.responses.length - 1; index >= 0; index--) {
    const inner = response.responses[index];
    if (inner !== undefined) writeOperation(inner);
  }
  writer.boolean(0x10, response.succeeded);
}

/** One ResponseOp. Inside a transaction a header holds the revision alone, and that of a transaction is empty. */
function writeOperation(response: TxnOperationResponse): void {
  const outer = writer.mark();
  const mark = writer.mark();
  writeBody(response);
  const headerMark = writer.mark();
  if (response.type !== 'txn') writer.number(0x18, response.revision);
  writer.message(0x0a, headerMark);
  writer.message(operationTags[response.type], mark);
  writer.message(0x1a, outer);
}

const operationTags = { range: 0x0a, put: 0x12, 'delete-range': 0x1a, txn: 0x22 } as const;

function writeBody(response: TxnOperationResponse): void {
  switch (response.type) {
    case 'range':
      writeRangeBody(response);
      return;
    case 'put':
      writePutBody(response);
      return;
    case 'delete-range':
      writeDeleteRangeBody(response);
      return;
    case 'txn':
      writeTxnBody(response);
      return;
    default:
      unreachable(response);
  }
}
