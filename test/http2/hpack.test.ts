import { describe, expect, test } from 'vitest';
import { CompressionError, createHeaderDecoder, encodeHeaders } from '../../src/http2/hpack.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('a header block', () => {
  // RFC 7541, appendix C.4: three requests on one connection, with Huffman codes and a table that grows.
  test('builds on those before it', () => {
    const decoder = createHeaderDecoder(10_000);
    const first = decoder.decode(hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'));
    expect([...(first ?? [])]).toEqual([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
    ]);
    const second = decoder.decode(hex('8286 84be 5886 a8eb 1064 9cbf'));
    expect(second?.get(':authority')).toBe('www.example.com');
    expect(second?.get('cache-control')).toBe('no-cache');
    const third = decoder.decode(hex('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'));
    expect(third?.get(':authority')).toBe('www.example.com');
    expect(third?.get('custom-key')).toBe('custom-value');
  });

  test('that comes again says the same again, also after others have changed the table', () => {
    const decoder = createHeaderDecoder(10_000);
    decoder.decode(hex('4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')); // custom-key: custom-value
    expect(decoder.decode(hex('be'))?.get('custom-key')).toBe('custom-value');
    expect(decoder.decode(hex('be'))?.get('custom-key')).toBe('custom-value');
    decoder.decode(hex('4001 6101 62')); // a: b
    expect([...(decoder.decode(hex('be')) ?? [])]).toEqual([['a', 'b']]);
    expect([...(decoder.decode(hex('bf')) ?? [])]).toEqual([['custom-key', 'custom-value']]);
  });

  test('joins the values of a name that comes twice', () => {
    const decoder = createHeaderDecoder(10_000);
    expect(decoder.decode(hex('0001 6101 62 0001 6101 63'))?.get('a')).toBe('b,c');
  });

  test('that is larger than allowed gives nothing, and still fills the table', () => {
    const decoder = createHeaderDecoder(100);
    const large = Buffer.concat([hex('4001 6101 62'), hex('0001 7a7f 29'), Buffer.alloc(168, 'x')]);
    expect(decoder.decode(large)).toBeNull();
    expect(decoder.decode(hex('be'))?.get('a')).toBe('b');
  });

  test.each([
    ['an index beyond the table', 'be'],
    ['the index 0', '80'],
    ['a string longer than the block', '0001 6105 62'],
    ['an integer that does not end', 'ffff ffff'],
    ['an integer that is too large', 'ffff ffff ffff ff7f'],
    ['a table larger than allowed', '3fe2 1f'],
    ['a table whose size is no number', `3f${'80'.repeat(200)}00`],
    ['an index of more bytes than it needs', `ff${'80'.repeat(5)}00`],
    ['a table size after headers that were too large', `007f ff7f ${'61'.repeat(16510)} 0020`],
    ['a table size in the middle', '82 20'],
    ['Huffman codes that end within a symbol', '0001 6182 ffc0'],
    ['padding that is not all ones', '0001 6181 18'],
    ['the end of a string within it', '0001 6185 ffff ffff ff'],
    ['a name without a value', '0001 61'],
  ])('is refused with %s', (_what, block) => {
    expect(() => createHeaderDecoder(10_000).decode(hex(block))).toThrow(CompressionError);
  });

  test.each([
    ['a name in upper case', '0001 4101 62'],
    ['no name', '0000 0162'],
    ['a control character', '0001 6101 07'],
    ['the transfer encoding of the table', 'b9'],
    ['a pseudo-header after others', '0001 6101 6282'],
    ['a pseudo-header twice', '8282'],
  ])('is none with %s, and still fills the table', (_what, block) => {
    const decoder = createHeaderDecoder(10_000);
    expect(decoder.decode(hex(`4001 6301 64 ${block}`))).toBeNull();
    expect(decoder.problem).toBe('malformed');
    expect([...(decoder.decode(hex('be')) ?? [])]).toEqual([['c', 'd']]);
    expect(decoder.problem).toBe(null);
  });

  test('may change the size of the table at its beginning, twice, and grow it again', () => {
    const decoder = createHeaderDecoder(10_000);
    decoder.decode(hex('4001 6101 62'));
    expect(decoder.decode(hex('20 3fe1 1f 82'))?.get(':method')).toBe('GET');
    expect(() => decoder.decode(hex('be'))).toThrow(CompressionError); // Size 0 has emptied it.
    decoder.decode(hex('4001 6101 62'));
    expect(decoder.decode(hex('be'))?.get('a')).toBe('b');
  });

  test('never makes the table larger than it may be', () => {
    const decoder = createHeaderDecoder(10_000);
    for (let sent = 0; sent < 1000; sent++)
      decoder.decode(Buffer.concat([hex('4001 617f 04'), Buffer.alloc(131, 'v')]));
    // 164 bytes each: 24 of them.
    expect(decoder.decode(Buffer.of(0x80 | (61 + 24)))?.has('a')).toBe(true);
    expect(() => decoder.decode(Buffer.of(0x80 | (61 + 25)))).toThrow(CompressionError);
  });

  test('that we make is read as what it says', () => {
    const fields = [
      [':status', '200'],
      ['content-type', 'application/grpc'],
      ['grpc-message', 'x'.repeat(500)],
    ] as const;
    expect([...(createHeaderDecoder(10_000).decode(encodeHeaders(fields)) ?? [])]).toEqual(fields);
    expect([...(createHeaderDecoder(10_000).decode(encodeHeaders([[':status', '415']])) ?? [])]).toEqual([
      [':status', '415'],
    ]);
  });
});
