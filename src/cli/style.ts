import type { Output } from './command.js';

/** Colours and weights for a terminal; plain text where they are not wanted. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export function styleFor(output: Pick<Output, 'hasColours'>): Style {
  const paint = (on: number, off: number) => (text: string) =>
    output.hasColours && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

export interface TableColumn {
  readonly title: string;
  /** Numbers read best on the right. */
  readonly align?: 'left' | 'right';
}

export interface TableCell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** An aligned table under a bold header, two blanks between columns, each line ended by a line break. */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | TableCell)[])[],
  style: Style,
): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => row[index]?.text.length ?? 0)),
  );
  const header = columns.map((column) => ({ text: column.title, paint: style.bold }));
  return [header, ...cells].map((row) => `${renderRow(row)}\n`).join('');

  function renderRow(row: readonly TableCell[]): string {
    const parts = columns.map((column, index) => {
      const { text, paint } = row[index] ?? { text: '', paint: undefined };
      const gap = ' '.repeat((widths[index] ?? 0) - text.length);
      const painted = paint === undefined ? text : paint(text);
      return column.align === 'right' ? gap + painted : painted + gap;
    });
    return parts.join('  ').trimEnd();
  }
}
