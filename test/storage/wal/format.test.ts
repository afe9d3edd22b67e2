import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/raft/index.js';
import {
  blockKey,
  decodeBlock,
  digestOf,
  encodeBlock,
  firstOfBlockKey,
  formatVersion,
  unseal,
} from '../../../src/storage/wal/format.js';
import {
  decodeHead,
  decodeIdentity,
  decodeSnapshot,
  encodeHead,
  encodeIdentity,
  encodeSnapshot,
} from '../../../src/storage/wal/records.js';

const zeros = Buffer.alloc(16);
const ones = Buffer.alloc(16, 1);

/** If one of these fails, data folders of older versions can no longer be read: do not change the bytes here. */
describe('the bytes on disk', () => {
  it('of a block', () => {
    const entries: Entry[] = [{ index: 7, term: 2, kind: 'normal', data: Buffer.from('hi') }];
    expect(hex(encodeBlock(entries, zeros).value)).toBe(
      `01 62 00 00 00 00 00 00 00 07 00 00 00 01 ${'00 '.repeat(16)}` +
        '00 00 00 00 00 00 00 02 00 00 00 00 02 68 69 fc a1 fc aa 6e 33 25 eb 95 e5 e8 5f f7 fc e5 87',
    );
  });

  it('of a block of two entries, one of them a configuration, with a large index', () => {
    const entries: Entry[] = [
      { index: 2 ** 40, term: 2 ** 33, kind: 'configuration', data: Buffer.alloc(0) },
      { index: 2 ** 40 + 1, term: 2 ** 33, kind: 'normal', data: Buffer.of(0xff) },
    ];
    const { value, digest } = encodeBlock(entries, ones);
    expect(hex(value.subarray(0, -16))).toBe(
      `01 62 00 00 01 00 00 00 00 00 00 00 00 02 ${'01 '.repeat(16)}` +
        '00 00 00 02 00 00 00 00 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 00 01 ff',
    );
    expect(hex(value.subarray(-16))).toBe(hex(digestOf(value.subarray(0, -16))));
    expect(digest).toEqual(value.subarray(-16));
  });

  it('of the head', () => {
    const head = { hardState: { term: 3, vote: 'ab', commit: 5 }, last: 9, tail: ones, snapshot: zeros };
    expect(hex(encodeHead(head).value.subarray(0, -16))).toBe(
      '01 68 00 00 00 00 00 00 00 03 01 00 02 61 62 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 09 ' +
        `${'01 '.repeat(16)}${'00 '.repeat(16)}`.trim(),
    );
  });

  it('of the identity', () => {
    expect(hex(encodeIdentity({ clusterId: 'c', memberId: 'mé' }).value.subarray(0, -16))).toBe(
      '01 69 00 01 63 00 03 6d c3 a9',
    );
  });

  it('of the snapshot', () => {
    const configuration = { voters: ['a', 'b'], outgoing: ['a'], learners: [], learnersNext: ['b'] };
    const record = {
      meta: { index: 4, term: 2, configuration },
      stateStore: 's',
      chainFirst: 3,
      chainStart: ones,
    };
    expect(hex(encodeSnapshot(record).value.subarray(0, -16))).toBe(
      '01 73 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00 02 ' +
        '00 02 00 01 61 00 01 62 00 01 00 01 61 00 00 00 01 00 01 62 00 01 73 00 00 00 00 00 00 00 03 ' +
        '01 '.repeat(16).trim(),
    );
  });

  it('of a block key, which sorts as its index', () => {
    expect(hex(blockKey(258))).toBe('62 00 00 00 00 00 00 01 02');
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        expect(Math.sign(Buffer.compare(blockKey(a), blockKey(b)))).toBe(Math.sign(a - b));
        expect(firstOfBlockKey(blockKey(a))).toBe(a);
      }),
    );
    expect(firstOfBlockKey(Buffer.from('bx'))).toBeUndefined();
  });
});

describe('what was written', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 6 });
  const names = fc.array(name, { maxLength: 3 });
  const digest = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
  const number = fc.maxSafeNat();

  it('is read again: blocks', () => {
    const item = fc.record({
      term: number,
      kind: fc.constantFrom('normal' as const, 'configuration' as const),
      data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(
        fc.array(item, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        digest,
        (items, first, previous) => {
          const entries = items.map((each, n) => ({ ...each, index: first + n }));
          const { value, digest: own } = encodeBlock(entries, previous);
          expect(decodeBlock(value)).toEqual({ ok: true, value: { first, previous, digest: own, entries } });
        },
      ),
    );
  });

  it('is read again: records', () => {
    const configuration = fc.record({ voters: names, outgoing: names, learners: names, learnersNext: names });
    const meta = fc.record({ index: number, term: number, configuration });
    const snapshot = fc.record({ meta, stateStore: name, chainFirst: number, chainStart: digest });
    const hardState = fc.record({ term: number, vote: fc.option(name), commit: number });
    const head = fc.record({ hardState, last: number, tail: digest, snapshot: digest });
    fc.assert(
      fc.property(snapshot, head, name, name, (s, h, clusterId, memberId) => {
        expect(decodeSnapshot(encodeSnapshot(s).value)).toMatchObject({ ok: true, value: s });
        expect(decodeHead(encodeHead(h).value)).toMatchObject({ ok: true, value: h });
        const identity = { clusterId, memberId };
        expect(decodeIdentity(encodeIdentity(identity).value)).toMatchObject({ ok: true, value: identity });
      }),
    );
  });
});

describe('what was not written so', () => {
  const { value } = encodeIdentity({ clusterId: 'c', memberId: 'm' });

  it('is told from what was: cut, lengthened, changed, of another kind', () => {
    for (let size = 0; size < value.length; size++) {
      expect(unseal('i', value.subarray(0, size)).ok).toBe(false);
    }
    expect(unseal('i', Buffer.concat([value, Buffer.of(0)])).ok).toBe(false);
    expect(unseal('s', value)).toEqual({ ok: false, damage: 'it is a record of another kind' });
    for (let bit = 0; bit < value.length * 8; bit++) {
      const copy = Buffer.from(value);
      copy.writeUInt8(copy.readUInt8(bit >>> 3) ^ (1 << (bit & 7)), bit >>> 3);
      expect(unseal('i', copy)).toEqual({ ok: false, damage: 'its checksum does not match' });
    }
  });

  it('is left alone if a newer version wrote it', () => {
    const newer = Buffer.from(value);
    newer.writeUInt8(formatVersion + 1, 0);
    newer.set(digestOf(newer.subarray(0, -16)), newer.length - 16);
    expect(() => unseal('i', newer)).toThrow(expect.objectContaining({ code: 'storage-failed' }));
  });
});

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
