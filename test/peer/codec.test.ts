import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { quorate } from '../../src/gen/protos.js';
import { decodeBatch, encodeBatch } from '../../src/peer/codec.js';
import { ProtocolError } from '../../src/peer/wire.js';
import type { Message } from '../../src/raft/index.js';
import { anyMessage, messageOfType, messageTypes } from './arbitraries.js';

const { RaftBatch } = quorate.peer;

const from = '00000000000000aa';
const to = '00000000000000bb';
const route = { from, to };

function batches(): fc.Arbitrary<Message[]> {
  return fc.array(anyMessage(from, to), { minLength: 1, maxLength: 6 });
}

describe('a batch of Raft messages', () => {
  it.each(messageTypes)('brings every %s across unchanged', (type) => {
    fc.assert(
      fc.property(messageOfType(type, from, to), (message) => {
        expect(decodeBatch(route, encodeBatch(route, [message]))).toEqual([message]);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the order of its messages', () => {
    fc.assert(
      fc.property(batches(), (messages) => {
        expect(decodeBatch(route, encodeBatch(route, messages))).toEqual(messages);
      }),
    );
  });

  it('is written just as the generated code writes it', () => {
    fc.assert(
      fc.property(batches(), (messages) => {
        const bytes = encodeBatch(route, messages);
        const again = RaftBatch.encode(RaftBatch.decode(bytes)).finish();
        expect(decodeBatch(route, again)).toEqual(messages);
        expect(again.length).toBe(bytes.length);
      }),
    );
  });

  it('has these bytes for an append, and will have them for good', () => {
    const append: Message = {
      type: 'append',
      from,
      to,
      term: 3,
      previous: { term: 2, index: 300 },
      entries: [
        { term: 3, index: 301, kind: 'normal', data: Buffer.from('hi') },
        { term: 3, index: 302, kind: 'configuration', data: Buffer.alloc(0) },
      ],
      commit: 2 ** 40,
    };
    const ids = `0a10${Buffer.from(from).toString('hex')}1210${Buffer.from(to).toString('hex')}`;
    const fields = '0805' + '1003' + '18ac02' + '2002' + '28808080808020';
    const entries = '4a06' + '0803' + '1a026869' + '4a04' + '0803' + '1001';
    const message = `${fields}${entries}`;
    expect(encodeBatch(route, [append]).toString('hex')).toBe(
      `${ids}1a${(message.length / 2).toString(16)}${message}`,
    );
  });

  it('does not copy the data of entries', () => {
    const data = Buffer.alloc(1_000, 7);
    const propose: Message = { type: 'propose', from, to, term: 1, entries: [{ kind: 'normal', data }] };
    const bytes = encodeBatch(route, [propose]);
    const [decoded] = decodeBatch(route, bytes);
    if (decoded?.type !== 'propose') throw new Error('a proposal went in');
    bytes.fill(9);
    expect(decoded.entries[0]?.data[0]).toBe(9);
  });
});

describe('a batch that is not right', () => {
  const sample: Message[] = [
    {
      type: 'append',
      from,
      to,
      term: 3,
      previous: { term: 2, index: 9 },
      entries: [{ term: 3, index: 10, kind: 'normal', data: Buffer.from('some data') }],
      commit: 8,
    },
    { type: 'append-response', from, to, term: 3, index: 9, conflict: { term: 1, index: 4 } },
  ];

  /** Whatever a stranger may write into the fields of messages. */
  function encodeLoosely(messages: unknown): Uint8Array {
    return RaftBatch.encode({
      from,
      to,
      messages: messages as quorate.peer.RaftMessage.$Properties[],
    }).finish();
  }

  it('is refused when it claims another sender', () => {
    const forged = encodeBatch({ from: '00000000000000cc', to }, sample);
    expect(() => decodeBatch(route, forged)).toThrow('claims another sender');
  });

  it('is refused when it is for another member, or for nobody', () => {
    const astray = encodeBatch({ from, to: '00000000000000cc' }, sample);
    expect(() => decodeBatch(route, astray)).toThrow('is for another member');
    expect(() => decodeBatch(route, Buffer.alloc(0))).toThrow(ProtocolError);
  });

  it('is refused when it has a kind of message or entry that nobody knows', () => {
    expect(() => decodeBatch(route, encodeLoosely([{ type: 99 }]))).toThrow('no known type');
    expect(() => decodeBatch(route, encodeLoosely([{ term: 4 }]))).toThrow('no known type');
    const oddEntry = encodeLoosely([{ type: 10, entries: [{ kind: 7 }] }]);
    expect(() => decodeBatch(route, oddEntry)).toThrow('no known kind');
  });

  it('is refused when it has a number of 2^53 or more, or a negative one', () => {
    const beyond = encodeLoosely([{ type: 7, commit: 2 ** 53 }]);
    expect(() => decodeBatch(route, beyond)).toThrow('beyond 2^53');
    const negative = encodeLoosely([{ type: 7, commit: -1 }]);
    expect(() => decodeBatch(route, negative)).toThrow('beyond 2^53');
    const sum = encodeLoosely([{ type: 5, index: Number.MAX_SAFE_INTEGER, entries: [{ term: 1 }] }]);
    expect(() => decodeBatch(route, sum)).toThrow('beyond 2^53');
  });

  it('is refused when it would blow up in memory', () => {
    const entries = Array.from({ length: (1 << 18) + 1 }, () => ({}));
    const flood = encodeLoosely([{ type: 10, entries }]);
    expect(() => decodeBatch(route, flood)).toThrow('too many entries');
  });

  it('is refused when a snapshot message lacks its configuration or names unreadable members', () => {
    expect(() => decodeBatch(route, encodeLoosely([{ type: 9 }]))).toThrow(ProtocolError);
    expect(() => decodeBatch(route, encodeLoosely([{ type: 9, snapshot: { index: 4 } }]))).toThrow(
      ProtocolError,
    );
    const unreadable = encodeLoosely([{ type: 9, snapshot: { configuration: { voters: ['a\nb'] } } }]);
    expect(() => decodeBatch(route, unreadable)).toThrow('not readable');
  });

  it('is refused wherever it is cut off', () => {
    const bytes = encodeBatch(route, sample);
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      try {
        expect(decodeBatch(route, cut).length).toBeLessThan(sample.length);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
  });

  it('never does worse than a ProtocolError, whatever its bytes', () => {
    const whole = encodeBatch(route, sample);
    const mutation = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    const damaged = fc.array(mutation, { minLength: 1, maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(whole);
      for (const [offset, byte] of changes) bytes[offset] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          decodeBatch(route, bytes);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('may have fields that a newer version has added', () => {
    const bytes = encodeBatch(route, sample);
    const unknown = Buffer.from('7a03010203' + '6801' + '650a0b0c0d' + '690102030405060708', 'hex');
    expect(decodeBatch(route, Buffer.concat([unknown, bytes, unknown]))).toEqual(sample);
  });
});
