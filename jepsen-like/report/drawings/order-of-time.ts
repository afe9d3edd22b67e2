import type { Anomaly } from '../../checkers/types.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import type { Known } from '../known.js';
import { forBothWidths, svg } from '../svg.js';
import { drawBars, heightOf, rankBars, scaleOf } from './bars.js';

/** One alone has no order; more than these nobody reads. */
const drawnMin = 2;
const drawnMax = 14;

/** Of an anomaly that has no drawing of its own: what it names, and what of it was before what. Null: that shows nothing. */
export function drawOrderOfTime({ operations, calls }: Anomaly, known: Known): Html | null {
  const spans = [
    ...operations.flatMap((id) => known.operationOf(id) ?? []),
    ...calls.flatMap((id) => known.callOf(id) ?? []),
  ].sort((a, b) => a.invokedUs - b.invokedUs);
  if (spans.length < drawnMin || spans.length > drawnMax) return null;
  const bars = rankBars(
    spans.map((span) => ({
      ...{ span, outcome: span.outcome.type, isStuck: false },
      text: 'request' in span ? known.call(span.id) : known.operation(span.id),
    })),
  );
  const label = `In the order of time: ${spans.map(({ id }) => id).join(', ')}`;
  const height = heightOf(bars);
  return html`${forBothWidths((width, className) =>
    svg({ width, height, label, className }, drawBars(bars, scaleOf(bars, width), width)),
  )}`;
}
