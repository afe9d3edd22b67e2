import fc from 'fast-check';
import { expect, test } from 'vitest';

import { readBytes, showBytes, utf8Of } from '../../src/cli/bytes-text.js';
import { scanLine } from '../../src/cli/txn-scanner.js';

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text, 'utf8')),
);

test.each([
  ['plain text, ümläuts and 漢字', 'plain text, ümläuts and 漢字'],
  ['two\nlines\tand a \\', 'two\\nlines\\tand a \\\\'],
  ['\u001b[31mred', '\\x1b[31mred'],
  ['right-to-left \u202e!', 'right-to-left \\xe2\\x80\\xae!'],
  [Buffer.from([0xff, 0x41, 0x00]), '\\xffA\\x00'],
])('%j is shown as %s', (bytes, shown) => {
  expect(showBytes(Buffer.from(bytes), false)).toBe(shown);
});

test('what is shown stays on one line, harms no terminal, and reads back as the same bytes', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const shown = showBytes(bytes, false);
      expect(shown).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      const quoted = `"${shown.replaceAll('"', '\\"')}"`;
      expect(Buffer.from(scanLine(quoted).word('it').bytes)).toEqual(Buffer.from(bytes));
      expect(Buffer.from(readBytes(showBytes(bytes, true), true))).toEqual(Buffer.from(bytes));
    }),
  );
});

test('text is known from other bytes', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => utf8Of(Buffer.from(text)) === text));
  expect(utf8Of(Buffer.from([0xc3]))).toBeUndefined();
  expect(utf8Of(Buffer.from([0xed, 0xa0, 0x80]))).toBeUndefined();
});
