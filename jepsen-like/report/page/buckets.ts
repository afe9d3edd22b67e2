import { visibleItems } from './run.js';
import type { Spans } from './run.js';
import { niceTimeStep } from './scale.js';
import type { Frame } from './surface.js';

/** A round length of time, so wide on the screen and with so many items in it on average, at least. */
export function bucketStep(
  spans: Spans,
  frame: Frame,
  { widthPx, items }: { readonly widthPx: number; readonly items: number },
): number {
  const { from, to } = visibleItems(spans, frame);
  const perItemUs = (frame.toUs - frame.fromUs) / Math.max(1, to - from);
  const most = (frame.toUs - frame.fromUs) / 12;
  return niceTimeStep(Math.max(frame.usPerPx * widthPx, Math.min(most, perItemUs * items)));
}
