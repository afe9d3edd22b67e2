import type { Drawing } from '../../checkers/types.js';
import type { Operation } from '../../history/index.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import type { Known } from '../known.js';
import { operationButton } from '../known.js';
import { formatDuration } from '../page/format.js';
import { forBothWidths, letterPx, rounded, svg } from '../svg.js';
import { shortened } from '../text.js';
import { lineOf } from '../words.js';

type LinearizationDrawing = Extract<Drawing, { type: 'linearization' }>;

const rowPx = 40;
const barPx = 20;
const sidePx = 8;
/** What the words on the one that fits nowhere take. */
const crossPx = 120;
/** Operations beyond this are left out of the picture, the earliest first. */
const drawnMax = 12;

/** An operation with where it stands. Horizontally every beginning and end takes the same room: times differ too much. */
interface Bar {
  readonly operation: Operation;
  readonly from: number;
  /** Null: it never came back. */
  readonly to: number | null;
  readonly point: number | null;
  /** Its place in the order, from 1; null: the one that fits nowhere. */
  readonly number: number | null;
}

/** The operations as bars, a point in each where it took effect, the one that fits nowhere, and the states that it met. */
export function drawLinearization(drawing: LinearizationDrawing, known: Known): Html {
  const order = drawing.order.slice(-drawnMax);
  const left = drawing.order.length - order.length;
  const stuck = known.operationOf(drawing.stuck);
  return html`<div class="linearization">
    ${forBothWidths((width, className) => draw(order, stuck, { width, className, known }))}
    ${left > 0 ? html`<p class="note">The first ${left} of the order are not drawn.</p>` : null}
    <p class="caption">
      Operation ${operationButton(drawing.stuck, known)} <code>${known.operation(drawing.stuck)}</code> fits
      nowhere. After the order above the store could be in
      ${drawing.states.length === 1 ? 'one state' : `${drawing.states.length} states`}:
    </p>
    <ul class="states">
      ${drawing.states.map(
        ({ state, excludes }) =>
          html`<li><code class="state">${state}</code> <span class="excludes">✗ ${excludes}</span></li>`,
      )}
    </ul>
  </div>`;
}

/** A bar's ranks among all beginnings and ends, and its point: as early as the order allows. */
function placeBars(order: readonly number[], stuck: Operation | null, known: Known): Bar[] {
  const chosen = order.flatMap((id) => known.operationOf(id) ?? []);
  const all = stuck === null ? chosen : [...chosen, stuck];
  const times = all.flatMap(({ invokedUs, completedUs, outcome }) =>
    completedUs === null || outcome.type === 'unknown' ? [invokedUs] : [invokedUs, completedUs],
  );
  const ranks = new Map([...new Set(times)].sort((a, b) => a - b).map((us, rank) => [us, rank * 2]));
  const rankOf = (us: number): number => ranks.get(us) ?? 0;
  const endOf = ({ completedUs, outcome }: Operation): number | null =>
    completedUs === null || outcome.type === 'unknown' ? null : rankOf(completedUs);
  let last = -1;
  const points = chosen.map((operation, place) => {
    const least = Math.max(last, rankOf(operation.invokedUs));
    const later = chosen.slice(place).map((each) => endOf(each) ?? Infinity);
    // Not past the first of those that follow: their points must fit as well.
    const most = Math.min(...later);
    last = least + Math.min(0.7, Math.max(0.05, (most - least) / (later.length + 1)));
    return last;
  });
  return all.map((operation, place) => ({
    operation,
    from: rankOf(operation.invokedUs),
    to: endOf(operation),
    point: points[place] ?? null,
    number: place < chosen.length ? place + 1 : null,
  }));
}

function draw(
  order: readonly number[],
  stuck: Operation | null,
  { width, className, known }: { readonly width: number; readonly className: string; readonly known: Known },
): Html {
  const bars = placeBars(order, stuck, known);
  const most = Math.max(2, ...bars.map(({ from, to }) => Math.max(from + 1, to ?? 0))) + 1;
  const xOf = (rank: number): number => rounded(sidePx + (rank / most) * (width - 2 * sidePx));
  const drawn = bars.map((bar, row) => drawBar(bar, { y: row * rowPx + 18, xOf, width }));
  const path = bars.flatMap(({ point }, row) =>
    point === null ? [] : [`${xOf(point)},${row * rowPx + 18 + barPx / 2}`],
  );
  const height = bars.length * rowPx + 6;
  const line = path.length > 1 ? html`<polyline class="order" points="${path.join(' ')}" />` : html``;
  const label = `The longest order: ${order.join(', ')}; then ${stuck?.id ?? 'one'} fits nowhere`;
  const dots = bars.map(({ point, number }, row) =>
    point === null
      ? html``
      : html`<g class="point">
          <circle cx="${xOf(point)}" cy="${row * rowPx + 18 + barPx / 2}" r="8" />
          <text x="${xOf(point)}" y="${row * rowPx + 22 + barPx / 2}" text-anchor="middle">${number}</text>
        </g>`,
  );
  return svg({ width, height, label, className }, [...drawn, line, ...dots]);
}

function drawBar(
  { operation, from, to, number }: Bar,
  { y, xOf, width }: { readonly y: number; readonly xOf: (rank: number) => number; readonly width: number },
): Html {
  const x = xOf(from);
  const end = to === null ? width - 2 : xOf(to);
  const { invokedUs, completedUs } = operation;
  const took = completedUs === null ? 'no answer' : formatDuration(completedUs - invokedUs);
  const text = `${operation.id} · p${operation.process}  ${lineOf(operation)} (${took})`;
  const letters = Math.floor(width / letterPx);
  const shown = shortened(text, letters);
  const textWidth = shown.length * letterPx;
  const textX = rounded(Math.max(2, Math.min(x, width - textWidth)));
  const kind = number === null ? 'stuck' : operation.outcome.type;
  return html`<g class="bar ${kind}">
    <text class="mono" x="${textX}" y="${y - 5}">${shown}</text>
    <rect x="${x}" y="${y}" width="${rounded(Math.max(3, end - x))}" height="${barPx}" rx="4" />
    ${to === null ? html`<path d="M${width - 12},${y + 4} l8,6 l-8,6" />` : null}
    ${number === null ? drawCross(x, end, y + 15) : null}
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
