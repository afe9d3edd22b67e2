import type { Drawing } from '../../checkers/types.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import { forBothWidths, letterPx, linePx, svg, textLines, wrap } from '../svg.js';
import { visible } from '../text.js';

type WatchDrawing = Extract<Drawing, { type: 'watch' }>;

/** Lines of one event. */
const cellLinesMax = 4;
/** Rows before and after the place where the two part. */
const rowsAroundMax = 8;
const padPx = 10;
const headPx = 30;

/** What stands side by side; null: nothing where the other has something. */
interface Row {
  readonly expected: string | null;
  readonly actual: string | null;
  readonly isParting: boolean;
}

/** What should have come beside what came, row by row, with a line where they part. */
export function drawWatch(drawing: WatchDrawing): Html {
  const rows = alignRows(drawing);
  return forBothWidths((width, className) => draw(rows, drawing, { width, className }));
}

/**
 * Up to `at` both say the same. There, either has something the other lacks (the next of the one is the first of the other),
 * or they say different things.
 */
export function alignRows({ expected, actual, at }: WatchDrawing): Row[] {
  const isLost = expected[at] !== undefined && (actual[at] === undefined || actual[at] === expected[at + 1]);
  const isExtra = actual[at] !== undefined && (expected[at] === undefined || expected[at] === actual[at + 1]);
  const rows: Row[] = [];
  const skipActual = isLost ? 1 : 0;
  const skipExpected = !isLost && isExtra ? 1 : 0;
  const count = Math.max(expected.length + skipExpected, actual.length + skipActual);
  for (let place = Math.max(0, at - rowsAroundMax); place < Math.min(count, at + rowsAroundMax); place++) {
    const isParting = place === at;
    const shift = place > at ? 1 : 0;
    rows.push({
      expected: isParting && skipExpected > 0 ? null : (expected[place - shift * skipExpected] ?? null),
      actual: isParting && skipActual > 0 ? null : (actual[place - shift * skipActual] ?? null),
      isParting,
    });
  }
  return rows;
}

function draw(
  rows: readonly Row[],
  { watch }: WatchDrawing,
  { width, className }: { readonly width: number; readonly className: string },
): Html {
  const columnPx = (width - 24) / 2;
  const letters = Math.floor((columnPx - 2 * padPx) / letterPx);
  const right = columnPx + 24;
  let y = headPx;
  const cells = rows.map((row) => {
    const left = wrap(visible(row.expected ?? 'nothing'), letters, cellLinesMax);
    const beside = wrap(visible(row.actual ?? 'nothing'), letters, cellLinesMax);
    const height = Math.max(left.length, beside.length) * linePx + 12;
    const top = y;
    y += height + 6;
    const sign = row.isParting ? '≠' : row.expected !== null && row.actual !== null ? '=' : '';
    const cell = (x: number, lines: readonly string[], isThere: boolean): Html =>
      html`<g class="cell${isThere ? '' : ' absent'}${row.isParting ? ' parting' : ''}">
        <rect x="${x + 1}" y="${top}" width="${columnPx - 2}" height="${height}" rx="5" />
        ${textLines(lines, { x: x + padPx, y: top + linePx + 2, className: 'mono' })}
      </g>`;
    return html`${cell(0, left, row.expected !== null)}${cell(right, beside, row.actual !== null)}
      <text
        class="sign${row.isParting ? ' parting' : ''}"
        x="${width / 2}"
        y="${top + height / 2 + 5}"
        text-anchor="middle"
        >${sign}</text
      >`;
  });
  const head = html`<text class="heading" x="${padPx}" y="18">should have come</text>
    <text class="heading" x="${right + padPx}" y="18">came</text>`;
  const parting = rows.find(({ isParting }) => isParting);
  const label = `Watch ${watch}: should have come ${parting?.expected ?? 'nothing'}, came ${parting?.actual ?? 'nothing'}`;
  return svg({ width, height: y, label: visible(label), className }, [head, ...cells]);
}
