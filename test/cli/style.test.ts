import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';

import { renderTable, styleFor } from '../../src/cli/style.js';

const columns = [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }] as const;

test('columns are as wide as their longest cell, numbers on the right', () => {
  const table = renderTable(
    columns,
    [
      ['a', '5'],
      ['longer', '12345'],
    ],
    styleFor({ hasColours: false }),
  );
  expect(table).toBe('NAME     SIZE\na           5\nlonger  12345\n');
});

test('colours take no room', () => {
  const style = styleFor({ hasColours: true });
  const plain = renderTable(columns, [['ok', '1']], styleFor({ hasColours: false }));
  const painted = renderTable(columns, [[{ text: 'ok', paint: style.green }, '1']], style);
  expect(painted).toContain('\u001b[32mok\u001b[39m');
  expect(stripVTControlCharacters(painted)).toBe(plain);
});
