import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  toBigint,
  toCompactRequest,
  toDeleteRangeRequest,
  toNumber,
  toPutRequest,
  toRangeRequest,
  toTxnRequest,
} from '../../src/api/convert.js';
import { decodeRequest } from '../../src/api/decode.js';
import { GrpcError } from '../../src/api/errors.js';
import { emptyBytes, QuorateError } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import type { Compare, RangeRequest, TxnRequest } from '../../src/mvcc/index.js';
import { key, lease, revision, value } from './arbitraries.js';

const { RangeRequest, PutRequest, DeleteRangeRequest, TxnRequest, CompactionRequest } = etcdserverpb;

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A message whose enums may hold any number, as they may on the wire. */
type Loose<T> = {
  readonly [K in keyof T]: K extends 'sortOrder' | 'sortTarget' | 'result' | 'target' ? number : T[K];
};

function rangeFrom(message: Loose<etcdserverpb.RangeRequest.$Properties>): RangeRequest {
  const bytes = RangeRequest.encode(Object.assign(RangeRequest.create(), message)).finish();
  return toRangeRequest(decodeRequest(RangeRequest, bytes));
}

function txnFrom(message: etcdserverpb.TxnRequest.$Properties): TxnRequest {
  return toTxnRequest(decodeRequest(TxnRequest, TxnRequest.encode(message).finish()));
}

function compareFrom(message: Loose<etcdserverpb.Compare.$Properties>): Compare | undefined {
  return txnFrom({ compare: [Object.assign(etcdserverpb.Compare.create(), message)] }).compare[0];
}

describe('A request from the wire', () => {
  it('is, for a range, what the client said', () => {
    fc.assert(
      fc.property(
        fc.record({ key, end: key, revision, limit: fc.integer(), order: fc.nat(2), target: fc.nat(4) }),
        fc.record({ serializable: fc.boolean(), keysOnly: fc.boolean(), countOnly: fc.boolean() }),
        fc.tuple(revision, revision, revision, revision),
        (said, switches, [minModRevision, maxModRevision, minCreateRevision, maxCreateRevision]) => {
          const filters = { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision };
          const request = rangeFrom({
            key: bytesOf(said.key),
            rangeEnd: bytesOf(said.end),
            limit: said.limit,
            revision: said.revision,
            sortOrder: said.order,
            sortTarget: said.target,
            ...switches,
            ...filters,
          });
          expect(request).toEqual({
            type: 'range',
            key: said.key,
            rangeEnd: said.end === '' ? null : said.end,
            limit: said.limit,
            revision: said.revision,
            sortOrder: ['none', 'ascend', 'descend'][said.order],
            sortTarget: ['key', 'version', 'create', 'mod', 'value'][said.target],
            ...switches,
            ...filters,
          });
        },
      ),
    );
  });

  it('is so for a put, with all 64 bits of its lease', () => {
    fc.assert(
      fc.property(key, value, lease, fc.boolean(), (name, content, leaseId, on) => {
        const bytes = PutRequest.encode({ key: bytesOf(name), value: content, prevKv: on }).finish();
        const withLease = Buffer.concat([bytes, encodedLease(leaseId)]);
        const request = toPutRequest(decodeRequest(PutRequest, withLease));
        expect({ ...request, value: Buffer.from(request.value) }).toEqual({
          type: 'put',
          key: name,
          value: content,
          lease: leaseId,
          prevKv: on,
          ignoreValue: false,
          ignoreLease: false,
        });
      }),
    );
  });

  it('is so for a delete and a compaction', () => {
    const bytes = DeleteRangeRequest.encode({
      key: bytesOf('a'),
      rangeEnd: bytesOf('\0'),
      prevKv: true,
    }).finish();
    expect(toDeleteRangeRequest(decodeRequest(DeleteRangeRequest, bytes))).toEqual({
      type: 'delete-range',
      key: 'a',
      rangeEnd: '\0',
      prevKv: true,
    });
    const compaction = CompactionRequest.encode({ revision: -5, physical: true }).finish();
    expect(toCompactRequest(decodeRequest(CompactionRequest, compaction))).toEqual({
      type: 'compact',
      revision: -5,
      physical: true,
    });
  });

  it('with nothing in it has all defaults', () => {
    expect(toPutRequest(decodeRequest(PutRequest, Buffer.alloc(0)))).toEqual({
      type: 'put',
      key: '',
      value: Buffer.alloc(0),
      lease: 0n,
      prevKv: false,
      ignoreValue: false,
      ignoreLease: false,
    });
    expect(rangeFrom({})).toMatchObject({
      key: '',
      rangeEnd: null,
      limit: 0,
      revision: 0,
      sortOrder: 'none',
    });
    expect(txnFrom({})).toEqual({ type: 'txn', compare: [], success: [], failure: [] });
  });

  it('takes numbers beyond 2^53 for the largest exact one', () => {
    expect(rangeFrom({ key: bytesOf('k'), revision: 2 ** 60 }).revision).toBe(Number.MAX_SAFE_INTEGER);
    expect(rangeFrom({ key: bytesOf('k'), limit: -(2 ** 62) }).limit).toBe(Number.MIN_SAFE_INTEGER);
    expect(toNumber(null)).toBe(0);
    expect(toBigint(undefined)).toBe(0n);
  });

  it('with a sort option that there is not is refused; a missing key is said first', () => {
    const refusals = [
      { key: bytesOf('k'), sortOrder: 3 },
      { key: bytesOf('k'), sortTarget: -1 },
    ];
    for (const message of refusals)
      expect(() => rangeFrom(message)).toThrow(new QuorateError('invalid-sort-option'));
    const keyless = { sortOrder: 3 };
    expect(() => rangeFrom(keyless)).toThrow(new QuorateError('empty-key'));
  });
});

function encodedLease(leaseId: bigint): Buffer {
  const bytes = [0x18];
  let rest = BigInt.asUintN(64, leaseId);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

describe('A transaction from the wire', () => {
  it('keeps its operations, nested ones too, in order', () => {
    const k = bytesOf('k');
    const request = txnFrom({
      success: [
        { requestPut: { key: k } },
        { requestTxn: { failure: [{ requestDeleteRange: { key: k } }] } },
        {},
        { requestRange: { key: k } },
      ],
    });
    expect(request.success.map(({ type }) => type)).toEqual(['put', 'txn', 'none', 'range']);
    expect(request.success[1]).toMatchObject({ failure: [{ type: 'delete-range', key: 'k' }] });
  });

  it('runs the last of several operations that share one place', () => {
    const put = etcdserverpb.RequestOp.encode({ requestPut: { key: bytesOf('a') } }).finish();
    const range = etcdserverpb.RequestOp.encode({ requestRange: { key: bytesOf('b') } }).finish();
    const both = Buffer.concat([put, range]);
    const bytes = Buffer.concat([Buffer.of(0x12, both.length), both]);
    expect(toTxnRequest(decodeRequest(TxnRequest, bytes)).success).toMatchObject([
      { type: 'range', key: 'b' },
    ]);
  });

  it('compares with the operand that belongs to the target, and with zero when another is given', () => {
    const k = bytesOf('k');
    expect(compareFrom({ key: k, result: 3, target: 2, modRevision: 9, rangeEnd: bytesOf('z') })).toEqual({
      key: 'k',
      rangeEnd: 'z',
      result: 'not-equal',
      target: { type: 'mod', revision: 9 },
    });
    expect(compareFrom({ key: k, target: 1, createRevision: 4 })?.target).toEqual({
      type: 'create',
      revision: 4,
    });
    expect(compareFrom({ key: k, target: 0, version: -1 })?.target).toEqual({ type: 'version', version: -1 });
    expect(compareFrom({ key: k, target: 3, value: k })?.target).toEqual({ type: 'value', value: k });
    expect(compareFrom({ key: k, target: 4, lease: -1 })?.target).toEqual({ type: 'lease', lease: -1n });
    expect(compareFrom({ key: k, target: 0, value: k })?.target).toEqual({ type: 'version', version: 0 });
    expect(compareFrom({ key: k, target: 3, version: 5 })?.target).toEqual({
      type: 'value',
      value: emptyBytes,
    });
    expect(compareFrom({ key: k, target: 4 })?.target).toEqual({ type: 'lease', lease: 0n });
  });

  it('reads comparisons of an unknown kind as etcd does', () => {
    const k = bytesOf('k');
    const strange = 9;
    const always = { result: 'greater', target: { type: 'version', version: -1 } };
    const never = { result: 'less', target: { type: 'version', version: 0 } };
    const exists = { result: 'greater', target: { type: 'version', version: 0 } };
    expect(compareFrom({ key: k, target: strange, result: 0 })).toMatchObject(always);
    expect(compareFrom({ key: k, target: strange, result: 1 })).toMatchObject(never);
    expect(compareFrom({ key: k, target: strange, result: 2 })).toMatchObject(never);
    expect(compareFrom({ key: k, target: strange, result: 3 })).toMatchObject(never);
    expect(compareFrom({ key: k, target: 0, result: strange })).toMatchObject(always);
    expect(compareFrom({ key: k, target: 3, result: strange })).toMatchObject(exists);
    expect(compareFrom({ key: k, target: strange, result: strange })).toMatchObject(always);
  });

  it('may nest as deep as the limit on operations allows; deeper is too many operations, however deep', () => {
    const depthOf = (request: TxnRequest): number => {
      const [inner] = request.success;
      return inner?.type === 'txn' ? 1 + depthOf(inner) : 0;
    };
    expect(depthOf(toTxnRequest(decodeRequest(TxnRequest, nested(128))))).toBe(128);
    for (const depth of [200, 5000, 50_000]) {
      expect(() => decodeRequest(TxnRequest, nested(depth))).toThrow(new QuorateError('too-many-operations'));
    }
  });
});

/** A transaction in a transaction in … */
function nested(depth: number): Buffer {
  const layers: Buffer[] = [];
  let sizeBytes = 0;
  for (let level = 0; level < depth; level++) {
    for (const tag of [0x22, 0x12]) {
      const prefix = Buffer.concat([Buffer.of(tag), lengthPrefix(sizeBytes)]);
      layers.push(prefix);
      sizeBytes += prefix.length;
    }
  }
  return Buffer.concat(layers.reverse());
}

function lengthPrefix(length: number): Buffer {
  const bytes: number[] = [];
  let rest = length;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

describe('Bytes that are no message', () => {
  it('are refused in the words of gRPC in Go', () => {
    const cutOff = Buffer.of(0x0a, 0x05, 0x61);
    expect(() => decodeRequest(RangeRequest, cutOff)).toThrow(
      'grpc: error unmarshalling request: unexpected EOF',
    );
    expect(() => decodeRequest(RangeRequest, Buffer.of(0x0f))).toThrow(
      /^grpc: error unmarshalling request: /,
    );
  });

  it('never do more than that, whatever they are', () => {
    const types = [RangeRequest, PutRequest, DeleteRangeRequest, TxnRequest, CompactionRequest];
    const whole = TxnRequest.encode({
      compare: [{ key: bytesOf('k'), value: bytesOf('v') }],
      success: [{ requestTxn: { success: [{ requestPut: { key: bytesOf('k'), lease: -1 } }] } }],
    }).finish();
    const mangled = fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      return bytes;
    });
    const anything = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(fc.oneof(anything, mangled), fc.constantFrom(...types), (bytes, type) => {
        try {
          const message = decodeRequest<unknown>(type, bytes);
          if (type === TxnRequest) toTxnRequest(message as etcdserverpb.TxnRequest);
        } catch (error) {
          expect(error instanceof GrpcError || error instanceof QuorateError).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
