import { describe, expect, test } from 'vitest';
import { fileOf, read, tree } from './files.js';

const pageSizeBytes = 4096;

/** The page up to its last byte that is not zero. */
function page(file: Buffer, index: number): string {
  const hex = file.subarray(index * pageSizeBytes, (index + 1) * pageSizeBytes).toString('hex');
  return hex.replace(/(00)*$/, '').replaceAll(/(.{2})(?=.)/g, '$1 ');
}

function bytes(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

describe('the bytes of a file, which bbolt has read as this', () => {
  const content = tree({ a: tree({ k: 'v' }), b: tree({ x: 'y'.repeat(5000), z: '!' }) });

  test('two metas, which agree, and an empty freelist', async () => {
    const file = await fileOf(content);
    expect(file.length).toBe(8 * pageSizeBytes);
    const meta = `ed da 0c ed 02 00 00 00 00 10 00 00 00 00 00 00
      07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
      02 00 00 00 00 00 00 00 08 00 00 00 00 00 00 00`;
    expect(page(file, 0)).toBe(
      bytes(`00 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00 ${meta}
        00 00 00 00 00 00 00 00 66 45 d7 2c da 8b d8 cd`),
    );
    expect(page(file, 1)).toBe(
      bytes(`01 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00 ${meta}
        01 00 00 00 00 00 00 00 87 8f c6 37 e3 52 d3 ec`),
    );
    expect(page(file, 2)).toBe('02 00 00 00 00 00 00 00 10');
  });

  test('a leaf that goes on over the next page, another, and the branch above them', async () => {
    const file = await fileOf(content);
    expect(page(file, 3)).toBe(
      bytes(`03 00 00 00 00 00 00 00 02 00 01 00 01 00 00 00
        00 00 00 00 10 00 00 00 01 00 00 00 88 13 00 00 78 ${'79 '.repeat(4096 - 33)}`),
    );
    expect(page(file, 4)).toBe('79 '.repeat(5000 - (4096 - 33)).trim());
    expect(page(file, 5)).toBe(
      bytes(`05 00 00 00 00 00 00 00 02 00 01 00 00 00 00 00
        00 00 00 00 10 00 00 00 01 00 00 00 01 00 00 00 7a 21`),
    );
    expect(page(file, 6)).toBe(
      bytes(`06 00 00 00 00 00 00 00 01 00 02 00 00 00 00 00
        20 00 00 00 01 00 00 00 03 00 00 00 00 00 00 00
        11 00 00 00 01 00 00 00 05 00 00 00 00 00 00 00 78 7a`),
    );
  });

  test('the top bucket with a small bucket in its own page, and the other by its root', async () => {
    expect(page(await fileOf(content), 7)).toBe(
      bytes(`07 00 00 00 00 00 00 00 02 00 02 00 00 00 00 00
        01 00 00 00 20 00 00 00 01 00 00 00 32 00 00 00
        01 00 00 00 43 00 00 00 01 00 00 00 10 00 00 00
        61 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 02 00 01 00 00 00 00 00
        00 00 00 00 10 00 00 00 01 00 00 00 01 00 00 00 6b 76
        62 06`),
    );
  });

  test('are read back', async () => {
    expect(await read(await fileOf(content))).toEqual(content);
  });
});
