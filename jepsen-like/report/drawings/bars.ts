import type { Call, Operation } from '../../history/index.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import { formatDuration } from '../page/format.js';
import { letterPx, rounded } from '../svg.js';
import { shortened } from '../text.js';

const rowPx = 40;
const barPx = 20;
const topPx = 18;
const sidePx = 8;
/** What the words on one that fits nowhere take. */
const crossPx = 120;

/** An operation or a call with where it stands. Horizontally every beginning and end takes the same room: times differ too much. */
export interface Bar {
  readonly span: Pick<Operation | Call, 'id' | 'process' | 'invokedUs' | 'completedUs'>;
  readonly text: string;
  readonly outcome: Operation['outcome']['type'];
  readonly from: number;
  /** Null: it never came back. */
  readonly to: number | null;
  /** The one that cannot be. */
  readonly isStuck: boolean;
}

type Ranked = Pick<Bar, 'span' | 'text' | 'outcome' | 'isStuck'>;

/** Ranks among all beginnings and ends; even, so that there is room between them. */
export function rankBars(spans: readonly Ranked[]): Bar[] {
  const endOf = ({ span, outcome }: Ranked): number | null =>
    outcome === 'unknown' ? null : span.completedUs;
  const times = spans.flatMap((each) => [each.span.invokedUs, endOf(each) ?? each.span.invokedUs]);
  const ranks = new Map([...new Set(times)].sort((a, b) => a - b).map((us, rank) => [us, rank * 2]));
  return spans.map((each) => {
    const end = endOf(each);
    return {
      ...each,
      from: ranks.get(each.span.invokedUs) ?? 0,
      to: end === null ? null : (ranks.get(end) ?? 0),
    };
  });
}

/** How ranks lie on the width of the drawing. */
export function scaleOf(bars: readonly Bar[], width: number): (rank: number) => number {
  const most = Math.max(2, ...bars.map(({ from, to }) => Math.max(from + 1, to ?? 0))) + 1;
  return (rank) => rounded(sidePx + (rank / most) * (width - 2 * sidePx));
}

/** The middle of a bar. */
export function middleOf(row: number): number {
  return row * rowPx + topPx + barPx / 2;
}

export function heightOf(bars: readonly Bar[]): number {
  return bars.length * rowPx + 6;
}

export function drawBars(bars: readonly Bar[], xOf: (rank: number) => number, width: number): Html[] {
  return bars.map((bar, row) => drawBar(bar, { y: row * rowPx + topPx, xOf, width }));
}

function drawBar(
  { span, text, outcome, from, to, isStuck }: Bar,
  { y, xOf, width }: { readonly y: number; readonly xOf: (rank: number) => number; readonly width: number },
): Html {
  const x = xOf(from);
  const end = to === null ? width - 2 : xOf(to);
  const { id, process, invokedUs, completedUs } = span;
  const took = completedUs === null ? 'no answer' : formatDuration(completedUs - invokedUs);
  const full = `${id} · p${process}  ${text} (${took})`;
  const shown = shortened(full, Math.floor(width / letterPx));
  const textX = rounded(Math.max(2, Math.min(x, width - shown.length * letterPx)));
  return html`<g class="bar ${isStuck ? 'stuck' : outcome}">
    <text class="mono" x="${textX}" y="${y - 5}">${shown}</text>
    <rect x="${x}" y="${y}" width="${rounded(Math.max(3, end - x))}" height="${barPx}" rx="4" />
    ${to === null ? html`<path d="M${width - 12},${y + 4} l8,6 l-8,6" />` : null}
    ${isStuck ? drawCross(x, end, y + 15) : null}
  </g>`;
}

/** In the bar, or beside it where there is room. */
function drawCross(x: number, end: number, y: number): Html {
  const isInside = end - x >= crossPx;
  const isBefore = x >= crossPx;
  const at = isInside ? (x + end) / 2 : isBefore ? x - 7 : end + 7;
  const anchor = isInside ? 'middle' : isBefore ? 'end' : 'start';
  return html`<text class="cross" x="${rounded(at)}" y="${y}" text-anchor="${anchor}">✗ fits nowhere</text>`;
}
