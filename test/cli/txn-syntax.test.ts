import { describe, expect, test } from 'vitest';

import { compare, op } from '../../src/client/index.js';
import { parseTxn } from '../../src/cli/txn-syntax.js';

/** What would go over the wire. */
function wires(text: string, isHex = false) {
  const { compares, success, failure } = parseTxn(text, isHex);
  const wire = (list: readonly { readonly wire: object }[]) => list.map((one) => one.wire);
  return { compares: wire(compares), success: wire(success), failure: wire(failure) };
}

describe('the text of a transaction', () => {
  test('with headings', () => {
    const text = `
      # take the seat
      if:
        value(seat/7) = free      # nobody has it
        version("seat 8") > 0

        missing(closed)
      then
        put seat/7 "ada lovelace" --lease=1f
        get --prefix seat/ --limit 3
      else
        del "x" --from-key
    `;
    expect(wires(text)).toEqual({
      compares: [
        compare.value('seat/7', '=', 'free').wire,
        compare.version('seat 8', '>', 0).wire,
        compare.missing('closed').wire,
      ],
      success: [
        op.put('seat/7', 'ada lovelace', { lease: 0x1fn }).wire,
        op.range({ prefix: 'seat/' }, { limit: 3 }).wire,
      ],
      failure: [op.delete({ from: 'x' }).wire],
    });
  });

  test('as etcdctl takes it: a blank line ends each part', () => {
    const text =
      'mod("key1") > "0"\ncreate(key2) != 3\n\nput key1 "overwrote-key1"\n\nput key1 "created-key1"\nput key2 x\n';
    expect(wires(text)).toEqual({
      compares: [compare.modRevision('key1', '>', 0).wire, compare.createRevision('key2', '!=', 3).wire],
      success: [op.put('key1', 'overwrote-key1').wire],
      failure: [op.put('key1', 'created-key1').wire, op.put('key2', 'x').wire],
    });
    expect(wires('\nput a b\n')).toMatchObject({
      compares: [],
      success: [op.put('a', 'b').wire],
      failure: [],
    });
    expect(wires('\n\nget a\n')).toMatchObject({ compares: [], success: [], failure: [op.range('a').wire] });
  });

  test('the other comparisons', () => {
    expect(wires('exists(a)\nlease(a) = 1f\nvalue(a)<b\nver(a)==2\nc(a) = 1\nm(a) = 1').compares).toEqual([
      compare.exists('a').wire,
      compare.lease('a', '=', 0x1fn).wire,
      compare.value('a', '<', 'b').wire,
      compare.version('a', '=', 2).wire,
      compare.createRevision('a', '=', 1).wire,
      compare.modRevision('a', '=', 1).wire,
    ]);
  });

  test('bytes: escapes in double quotes, none in single ones, hexadecimal under --hex', () => {
    expect(wires('\nput "\\xff\\n\\"" \'\\n\'').success).toEqual([
      op.put(Buffer.from([0xff, 0x0a, 0x22]), '\\n').wire,
    ]);
    expect(wires('value(00ff) = ff\n\nput 00ff 61 \nget 61 --range-end 62', true)).toMatchObject({
      compares: [compare.value(Buffer.from([0, 255]), '=', Buffer.from([255])).wire],
      success: [
        op.put(Buffer.from([0, 255]), Buffer.from('a')).wire,
        op.range({ from: Buffer.from('a'), to: Buffer.from('b') }).wire,
      ],
    });
  });

  test('a quoted word is never a flag or a comment', () => {
    expect(wires('\nput "--limit" "#"').success).toEqual([op.put('--limit', '#').wire]);
  });
});

describe('what is wrong is said, with its line', () => {
  test.each([
    ['value(a) ~ b', 'line 1: a comparison needs one of = != < >'],
    ['value a = b', 'line 1: value needs a key: value(KEY)'],
    ['value(a = b', 'line 1: a ) is missing after the key'],
    [
      'size(a) = 1',
      'line 1: unknown comparison size; there are value, version, mod, create, lease, exists and missing',
    ],
    ['mod(a) = b', 'line 1: a whole number is needed, not "b"'],
    ['mod(a) = 1 2', 'line 1: nothing more is expected'],
    ['value("a) = b', 'line 1: the quote at column 7 is never closed'],
    ['value(a) = "\\q"', 'line 1: unknown escape \\q'],
    ['\n\nputt a b', 'line 3: unknown operation putt; there are put, get and del'],
    ['\nput a', 'line 2: VALUE is missing'],
    ['\nput a b c', 'line 2: unexpected argument "c"'],
    ['\nget a --limt 3', 'line 2: unknown flag --limt; did you mean --limit?'],
    ['then\nget a\nif\nexists(a)', 'line 3: the order is if, then, else, each once'],
    ['\n\n\nget a', 'line 4: there is a fourth part'],
  ])('%j', (text, message) => {
    expect(() => parseTxn(text, false)).toThrow(message);
  });
});
