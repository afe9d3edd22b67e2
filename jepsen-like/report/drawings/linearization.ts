import type { Drawing } from '../../checkers/types.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import type { Known } from '../known.js';
import { operationButton } from '../known.js';
import { forBothWidths, svg } from '../svg.js';
import { visible } from '../text.js';
import { lineOf } from '../words.js';
import { drawBars, heightOf, middleOf, rankBars, scaleOf } from './bars.js';
import type { Bar } from './bars.js';

type LinearizationDrawing = Extract<Drawing, { type: 'linearization' }>;

/** Operations beyond this are left out of the picture, the earliest first. */
const drawnMax = 12;

/** The operations as bars, a point in each where it took effect, the one that fits nowhere, and the states that it met. */
export function drawLinearization(drawing: LinearizationDrawing, known: Known): Html {
  const order = drawing.order.slice(-drawnMax);
  const left = drawing.order.length - order.length;
  const bars = barsOf(order, drawing.stuck, known);
  const label = `The longest order: ${order.join(', ')}; then ${drawing.stuck} fits nowhere`;
  return html`<div class="linearization">
    ${forBothWidths((width, className) => draw(bars, { width, className, label }))}
    ${left > 0 ? html`<p class="note">The first ${left} of the order are not drawn.</p>` : null}
    <p class="caption">
      Operation ${operationButton(drawing.stuck, known)} <code>${known.operation(drawing.stuck)}</code> fits
      nowhere. After the order above the store could be in
      ${drawing.states.length === 1 ? 'one state' : `${drawing.states.length} states`}:
    </p>
    <ul class="states">
      ${drawing.states.map(
        ({ state, excludes }) =>
          html`<li>
            <code class="state">${visible(state)}</code> <span class="excludes">✗ ${visible(excludes)}</span>
          </li>`,
      )}
    </ul>
  </div>`;
}

/** Those of the order, then the one that fits nowhere. */
function barsOf(order: readonly number[], stuck: number, known: Known): Bar[] {
  const all = [...order, stuck].flatMap((id, place) => {
    const span = known.operationOf(id);
    if (span === null) return [];
    return [
      { span, text: lineOf(span), outcome: span.outcome.type, isStuck: place === order.length } as const,
    ];
  });
  return rankBars(all);
}

/** Where each took effect: as early as the order allows. */
function pointsOf(bars: readonly Bar[]): number[] {
  let last = -1;
  return bars.map(({ from }, place) => {
    const least = Math.max(last, from);
    const later = bars.slice(place).map(({ to }) => to ?? Infinity);
    // Not past the first of those that follow: their points must fit as well.
    const most = Math.min(...later);
    last = least + Math.min(0.7, Math.max(0.05, (most - least) / (later.length + 1)));
    return last;
  });
}

function draw(
  bars: readonly Bar[],
  { width, className, label }: { readonly width: number; readonly className: string; readonly label: string },
): Html {
  const xOf = scaleOf(bars, width);
  const points = pointsOf(bars.filter(({ isStuck }) => !isStuck));
  const path = points.map((point, row) => `${xOf(point)},${middleOf(row)}`);
  const line = path.length > 1 ? html`<polyline class="order" points="${path.join(' ')}" />` : html``;
  const dots = points.map(
    (point, row) =>
      html`<g class="point">
        <circle cx="${xOf(point)}" cy="${middleOf(row)}" r="8" />
        <text x="${xOf(point)}" y="${middleOf(row) + 4}" text-anchor="middle">${row + 1}</text>
      </g>`,
  );
  const height = heightOf(bars);
  return svg({ width, height, label, className }, [...drawBars(bars, xOf, width), line, ...dots]);
}
