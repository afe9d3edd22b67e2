import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWhole, joined, sizeBytesOf } from '../../src/api/answer.js';
import {
  encodeAhead,
  encodeCompactResponse,
  encodeDeleteRangeResponse,
  encodeHashKvResponse,
  encodePutResponse,
  encodeRangeResponse,
  encodeStatusResponse,
  encodeTxnResponse,
  isLarge,
} from '../../src/api/encode.js';
import { encodeMembersResponse } from '../../src/api/encode-cluster.js';
import { createHeaderWriter } from '../../src/api/header.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import type { mvccpb } from '../../src/gen/protos.js';
import type { KeyValue, TxnOperationResponse } from '../../src/mvcc/index.js';
import {
  deleteRangeResponse,
  keyValue,
  lease,
  putResponse,
  rangeResponse,
  revision,
  txnResponse,
} from './arbitraries.js';
import { stubMember } from './stub-member.js';

// What the hand-written encoder writes, the generated decoder reads back, and the generated encoder writes likewise.

const member = stubMember();
const header = createHeaderWriter(member);

type KeyValueMessage = mvccpb.KeyValue.$Properties;
type HeaderMessage = etcdserverpb.ResponseHeader.$Properties;

function headerMessage(atRevision: number): HeaderMessage {
  return {
    clusterId: long(BigInt(`0x${member.clusterId}`)),
    memberId: long(BigInt(`0x${member.id}`)),
    revision: atRevision,
    raftTerm: 7,
  };
}

/** The generated code takes 64 bits as a pair of halves. */
function long(number: bigint): NonNullable<KeyValueMessage['lease']> {
  const bits = BigInt.asUintN(64, number);
  const { lease: converted } = etcdserverpb.PutRequest.decode(Buffer.concat([Buffer.of(0x18), varint(bits)]));
  return converted;
}

function varint(bits: bigint): Buffer {
  const bytes: number[] = [];
  let rest = bits;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function keyValueMessage(kv: KeyValue): KeyValueMessage {
  return { ...kv, key: Buffer.from(kv.key, 'latin1'), lease: long(kv.lease) };
}

function operationMessage(response: TxnOperationResponse): etcdserverpb.ResponseOp.$Properties {
  const inner = { revision: response.revision };
  switch (response.type) {
    case 'range':
      return { responseRange: { ...response, header: inner, kvs: response.kvs.map(keyValueMessage) } };
    case 'put':
      return {
        responsePut: { header: inner, prevKv: response.previous && keyValueMessage(response.previous) },
      };
    case 'delete-range':
      return {
        responseDeleteRange: {
          header: inner,
          deleted: response.deleted,
          prevKvs: response.previous.map(keyValueMessage),
        },
      };
    case 'txn':
      return {
        responseTxn: {
          header: {},
          succeeded: response.succeeded,
          responses: response.responses.map(operationMessage),
        },
      };
  }
}

function bytesOf(writer: { finish(): Uint8Array }): string {
  return Buffer.from(writer.finish()).toString('hex');
}

describe('Answers on the wire', () => {
  it('are, for a range, what the generated encoder writes', () => {
    fc.assert(
      fc.property(rangeResponse, (response) => {
        const message = {
          ...response,
          header: headerMessage(response.revision),
          kvs: response.kvs.map(keyValueMessage),
        };
        expect(encodeRangeResponse(header, response).toString('hex')).toBe(
          bytesOf(etcdserverpb.RangeResponse.encode(message)),
        );
      }),
    );
  });

  it('are so for a put', () => {
    fc.assert(
      fc.property(putResponse, (response) => {
        const prevKv = response.previous && keyValueMessage(response.previous);
        const message = { header: headerMessage(response.revision), prevKv };
        expect(encodePutResponse(header, response).toString('hex')).toBe(
          bytesOf(etcdserverpb.PutResponse.encode(message)),
        );
      }),
    );
  });

  it('are so for a delete', () => {
    fc.assert(
      fc.property(deleteRangeResponse, (response) => {
        const message = {
          header: headerMessage(response.revision),
          deleted: response.deleted,
          prevKvs: response.previous.map(keyValueMessage),
        };
        expect(encodeDeleteRangeResponse(header, response).toString('hex')).toBe(
          bytesOf(etcdserverpb.DeleteRangeResponse.encode(message)),
        );
      }),
    );
  });

  it('are so for a transaction: inner headers hold the revision alone, that of a nested one nothing', () => {
    fc.assert(
      fc.property(txnResponse, (response) => {
        const message = {
          header: headerMessage(response.revision),
          succeeded: response.succeeded,
          responses: response.responses.map(operationMessage),
        };
        expect(encodeTxnResponse(header, response).toString('hex')).toBe(
          bytesOf(etcdserverpb.TxnResponse.encode(message)),
        );
      }),
    );
  });

  it('are so for compaction, hashes, members and status', () => {
    fc.assert(
      fc.property(
        revision,
        fc.nat(0xffff_ffff),
        fc.array(fc.string(), { maxLength: 3 }),
        (at, hash, texts) => {
          const result = { hash, hashRevision: at, compactRevision: 3, revision: at };
          expect(encodeHashKvResponse(header, result).toString('hex')).toBe(
            bytesOf(etcdserverpb.HashKVResponse.encode({ ...result, header: headerMessage(at) })),
          );
          expect(encodeCompactResponse(header, { type: 'compact', revision: at }).toString('hex')).toBe(
            bytesOf(etcdserverpb.CompactionResponse.encode({ header: headerMessage(at) })),
          );
          const record = { id: member.id, name: 'm', peerUrls: texts, clientUrls: texts, isLearner: true };
          const list = etcdserverpb.MemberListResponse.decode(
            encodeMembersResponse(header, [record, record]),
          );
          const message = {
            ID: long(BigInt(`0x${member.id}`)),
            name: 'm',
            peerURLs: texts,
            clientURLs: texts,
          };
          expect(bytesOf(etcdserverpb.MemberListResponse.encode(list))).toBe(
            bytesOf(
              etcdserverpb.MemberListResponse.encode({
                header: headerMessage(0),
                members: [message, message].map((one) => ({ ...one, isLearner: true })),
              }),
            ),
          );
          const status = {
            version: '3.4.23',
            dbSizeBytes: at,
            dbSizeInUseBytes: 1,
            dbSizeQuotaBytes: 4096,
            leader: member.id,
            raftIndex: 5,
            raftTerm: 6,
            raftAppliedIndex: 4,
            errors: texts,
            isLearner: true,
            revision: at,
          };
          expect(encodeStatusResponse(header, status).toString('hex')).toBe(
            bytesOf(
              etcdserverpb.StatusResponse.encode({
                ...status,
                header: headerMessage(at),
                dbSize: at,
                dbSizeInUse: 1,
                dbSizeQuota: 4096,
                leader: long(BigInt(`0x${member.id}`)),
              }),
            ),
          );
        },
      ),
    );
  });

  it('keep all 64 bits of a lease', () => {
    fc.assert(
      fc.property(keyValue, lease, (kv, leaseId) => {
        const bytes = encodePutResponse(header, {
          type: 'put',
          revision: 2,
          previous: { ...kv, lease: leaseId },
        });
        const read = etcdserverpb.PutResponse.decode(bytes).prevKv?.lease ?? 0;
        expect(BigInt(read.toString())).toBe(leaseId);
      }),
    );
  });

  it('are the same when their lists were encoded ahead, in pieces, with others in between', async () => {
    const kvs = Array.from({ length: 1500 }, (_, index) => ({
      key: `k${index}`,
      createRevision: index,
      modRevision: index,
      version: 1,
      value: Buffer.alloc(index % 50, 'v'),
      lease: 0n,
    }));
    const range = { type: 'range', revision: 9, kvs, more: true, count: 3000 } as const;
    const deletion = {
      type: 'delete-range',
      revision: 9,
      deleted: 1500,
      previous: kvs.toReversed(),
    } as const;
    const inner = { type: 'txn', revision: 9, succeeded: true, responses: [range, deletion] } as const;
    const txn = { ...inner, responses: [deletion, inner, { ...range, kvs: kvs.slice(0, 3) }] };
    const expected = [
      encodeRangeResponse(header, range),
      encodeDeleteRangeResponse(header, deletion),
      encodeTxnResponse(header, txn),
    ].map(joined);
    const empty = Buffer.alloc(0);
    let pauses = 0;
    const pause = async (): Promise<void> => {
      pauses += 1;
      encodePutResponse(header, { type: 'put', revision: 1, previous: null }); // Somebody else's answer.
      return Promise.resolve();
    };
    for (const response of [range, deletion, txn]) {
      expect(isLarge(response)).toBe(true);
      await encodeAhead(response, pause);
    }
    expect(pauses).toBeGreaterThan(6);
    const pieces = [
      encodeRangeResponse(header, range),
      encodeDeleteRangeResponse(header, deletion),
      encodeTxnResponse(header, txn),
    ];
    expect(pieces.some(isWhole)).toBe(false);
    expect(pieces.map(sizeBytesOf)).toEqual(expected.map(({ length }) => length));
    expect(pieces.map((each, index) => joined(each).equals(expected[index] ?? empty))).toEqual([
      true,
      true,
      true,
    ]);
    expect(isLarge({ ...range, kvs: kvs.slice(0, 100) })).toBe(false);
    const large = { ...range, kvs: kvs.slice(0, 2).map((kv) => ({ ...kv, value: Buffer.alloc(600_000) })) };
    expect(isLarge(large)).toBe(true);
  });

  it('outgrow and give back the buffer they are written into', () => {
    const big = { ...firstOf(keyValue), value: Buffer.alloc(3 * 1024 * 1024, 7), lease: 0n };
    for (const kvs of [[big], [], [big, big]]) {
      const bytes = encodeRangeResponse(header, { type: 'range', revision: 2, kvs, more: false, count: 9 });
      const read = etcdserverpb.RangeResponse.decode(joined(bytes));
      expect(read.kvs.map((kv) => Buffer.compare(kv.value ?? Buffer.alloc(0), big.value))).toEqual(
        kvs.map(() => 0),
      );
    }
  });
});

function firstOf<T>(arbitrary: fc.Arbitrary<T>): T {
  return fc.sample(arbitrary, { numRuns: 1, seed: 1 })[0] as T;
}
