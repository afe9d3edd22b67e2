import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { etcdserverpb } from '../../src/gen/protos.js';
import { startBystander } from './bystander.js';
import { dial } from './calls.js';
import type { CallEnd, Line } from './calls.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

const { RangeRequest, RangeResponse, DeleteRangeRequest, DeleteRangeResponse, TxnRequest, TxnResponse } =
  etcdserverpb;
const { SortOrder, SortTarget } = RangeRequest;
const { CompareResult, CompareTarget } = etcdserverpb.Compare;
const kv = '/etcdserverpb.KV';
const keyCount = 100_000;
/** All those keys. */
const all = { key: Buffer.from('k'), rangeEnd: Buffer.from('l') };
const notFound = { code: 3, message: 'etcdserver: key not found' };
const tooManyKeys = {
  code: 3,
  message: 'etcdserver: too many keys for one request: ask for the range in parts',
};

let target: Target;
let line: Line;

beforeAll(async () => {
  target = await startTarget();
  line = dial(target);
  const value = Buffer.alloc(256, 'v');
  const begins = Array.from({ length: Math.ceil(keyCount / 128) }, (_, index) => index * 128);
  const puts = begins.map((begin) =>
    Array.from({ length: Math.min(128, keyCount - begin) }, (_, index) => ({
      requestPut: { key: Buffer.from(`k${begin + index}`), value },
    })),
  );
  for (let begin = 0; begin < puts.length; begin += 32) {
    await Promise.all(puts.slice(begin, begin + 32).map((success) => txn({ success })));
  }
});

afterAll(async () => {
  line.close();
  await target.end();
});

type Operation = etcdserverpb.RequestOp.$Properties;

async function range(request: etcdserverpb.RangeRequest.$Properties): Promise<etcdserverpb.RangeResponse> {
  return RangeResponse.decode(await line.ask(`${kv}/Range`, RangeRequest.encode(request).finish()));
}

async function txn(request: etcdserverpb.TxnRequest.$Properties): Promise<etcdserverpb.TxnResponse> {
  return TxnResponse.decode(await line.ask(`${kv}/Txn`, TxnRequest.encode(request).finish()));
}

async function refusalOf(request: etcdserverpb.TxnRequest.$Properties): Promise<CallEnd> {
  return line.end(`${kv}/Txn`, TxnRequest.encode(request).finish());
}

function repeated<T>(count: number, each: T): T[] {
  return Array.from({ length: count }, () => each);
}

function put(key: string): Operation {
  return { requestPut: { key: Buffer.from(key) } };
}

function nested(...success: Operation[]): Operation {
  return { requestTxn: { success } };
}

/** How many reads of somebody else were answered, one after the other, while this went on. */
async function answersDuring(work: Promise<unknown>): Promise<number> {
  const neighbour = dial(target);
  const state = { isOver: false };
  let answers = 0;
  const over = work.finally(() => (state.isOver = true));
  const request = RangeRequest.encode({ key: Buffer.from('other'), serializable: true }).finish();
  for (; !state.isOver; answers++) await neighbour.ask(`${kv}/Range`, request);
  await over;
  neighbour.close();
  return answers;
}

describe('While somebody reads 100,000 keys', () => {
  const ofNoRevision = { minModRevision: Number.MAX_SAFE_INTEGER };

  it.each<[string, etcdserverpb.RangeRequest.$Properties]>([
    ['to find that none is new enough', ofNoRevision],
    [
      'to sort them by their values',
      { sortTarget: SortTarget.VALUE, sortOrder: SortOrder.DESCEND, limit: 1 },
    ],
    ['as they were before', { revision: 500, countOnly: true }],
  ])('%s, others are answered', async (_how, request) => {
    await range({ key: Buffer.from('other') });
    const answers = await answersDuring(range({ ...all, ...request }));
    expect(answers).toBeGreaterThan(2); // How many depends on the machine; none, had it all been read at once.
  });

  it('to compare them in a transaction that only reads, others are answered', async () => {
    const compare = {
      ...all,
      target: CompareTarget.VALUE,
      result: CompareResult.NOT_EQUAL,
      targetUnion: 'value' as const,
      value: Buffer.from('w'),
    };
    const work = txn({
      compare: repeated(3, compare),
      success: [{ requestRange: { key: Buffer.from('k') } }],
    });
    expect(await answersDuring(work)).toBeGreaterThan(2);
    expect((await work).succeeded).toBe(true);
  });

  it('many at once, and does not take the answers, others are answered and memory is bounded', async () => {
    const bystander = startBystander(target);
    const lines = Array.from({ length: 10 }, () => dial(target));
    for (const each of lines) {
      for (let index = 0; index < 3; index++) {
        const call = each.open(`${kv}/Range`);
        call.pause();
        call.send(RangeRequest.encode(all).finish());
        call.finish();
      }
    }
    await bystander.answered(30);
    for (const each of lines) each.close();
    await bystander.stop();
    await expectBoundedMemory(target, 1000);
  });

  it('the answer is whole', async () => {
    const { kvs, count } = await range(all);
    expect([kvs.length, Number(count)]).toEqual([keyCount, keyCount]);
    expect(new Set(kvs.map(({ key }) => String(key))).size).toBe(keyCount);
  });
});

describe('A transaction', () => {
  it('that multiplies by nesting what it reads is refused, and nobody notices', async () => {
    const bystander = startBystander(target);
    const inner = nested(...repeated(60, { requestRange: all }));
    const operations = [put('x'), ...repeated(60, inner)];
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(await refusalOf({ success: operations })).toEqual(tooManyKeys);
    }
    await bystander.answered();
    await bystander.stop();
    expect(Number((await range({ key: Buffer.from('x') })).count)).toBe(0);
  });

  it('over very many keys is one of few under way: what others write comes in between', async () => {
    const compare = { ...all, target: CompareTarget.VERSION, result: CompareResult.GREATER };
    const work = repeated(20, { compare: [compare], success: [put('heavy')] }).map((each) => txn(each));
    const bystander = startBystander(target);
    const before = bystander.rounds;
    await Promise.all(work);
    expect(bystander.rounds - before).toBeGreaterThan(3);
    await bystander.stop();
  });

  it.each<[string, etcdserverpb.TxnRequest.$Properties, CallEnd]>([
    ['with too many operations', { success: repeated(129, put('a')) }, tooMany()],
    ['with too many comparisons', { compare: repeated(129, { key: Buffer.from('a') }) }, tooMany()],
    ['that puts a key twice', { success: [put('a'), put('a')] }, duplicate()],
    ['that puts a key again within', { success: [put('a'), nested(nested(put('a')))] }, duplicate()],
    [
      'that puts and deletes a key',
      { failure: [put('b'), { requestDeleteRange: { key: Buffer.from('a'), rangeEnd: Buffer.from('c') } }] },
      duplicate(),
    ],
    ['with an empty operation', { success: [{}] }, notFound],
    ['with an empty key', { success: [put('')] }, { code: 3, message: 'etcdserver: key is not provided' }],
    [
      'that compares an empty key',
      { compare: [{ rangeEnd: Buffer.of(0) }] },
      { code: 3, message: 'etcdserver: key is not provided' },
    ],
  ])('%s is refused in the words of etcd', async (_what, request, refusal) => {
    expect(await refusalOf(request)).toEqual(refusal);
  });

  it('may be empty, and nest emptiness', async () => {
    expect((await txn({})).succeeded).toBe(true);
    expect((await txn({ success: [nested(nested()), nested()] })).responses).toHaveLength(2);
  });

  it('may be nested deep, but no deeper than operations are allowed', async () => {
    expect(await line.end(`${kv}/Txn`, deep(128))).toEqual({ code: 0, message: '' });
    for (const levels of [129, 5000, 100_000]) {
      expect(await line.end(`${kv}/Txn`, deep(levels))).toEqual(tooMany());
    }
  });
});

describe('A deletion', () => {
  it('of an empty range, or one that ends before it begins, deletes nothing', async () => {
    const remove = async (key: string, rangeEnd: string): Promise<number> => {
      const request = { key: Buffer.from(key), rangeEnd: Buffer.from(rangeEnd) };
      const answer = await line.ask(`${kv}/DeleteRange`, DeleteRangeRequest.encode(request).finish());
      return Number(DeleteRangeResponse.decode(answer).deleted);
    };
    expect([await remove('l', 'k'), await remove('k', 'k'), await remove('k\xff', 'k')]).toEqual([0, 0, 0]);
    expect(Number((await range({ key: Buffer.from('l'), rangeEnd: Buffer.from('k') })).count)).toBe(0);
  });

  it('of 100,000 keys is done; of more than 200,000 in one command it is refused', async () => {
    const bystander = startBystander(target);
    const remove = { requestDeleteRange: all };
    expect(await refusalOf({ success: repeated(3, remove) })).toEqual(tooManyKeys);
    expect(Number((await range({ ...all, countOnly: true })).count)).toBe(keyCount);
    const { responses } = await txn({ success: [remove, put('done')] });
    expect(Number(responses[0]?.responseDeleteRange?.deleted)).toBe(keyCount);
    await bystander.answered();
    await bystander.stop();
  });
});

/** A transaction within a transaction within …, written from the inside. */
function deep(levels: number): Buffer {
  const prefixes: Buffer[] = [];
  let sizeBytes = 0;
  for (let level = 0; level < levels; level++) {
    for (const tag of [0x22, 0x12]) {
      const prefix = Buffer.of(tag, ...varint(sizeBytes));
      prefixes.push(prefix);
      sizeBytes += prefix.length;
    }
  }
  return Buffer.concat(prefixes.reverse());
}

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function tooMany(): CallEnd {
  return { code: 3, message: 'etcdserver: too many operations in txn request' };
}

function duplicate(): CallEnd {
  return { code: 3, message: 'etcdserver: duplicate key given in txn request' };
}
