import { dimmed } from './lane.js';
import { placesWithin } from './run.js';
import type { Spans } from './run.js';
import type { Frame, Surface } from './surface.js';

export interface StripOptions {
  readonly surface: Surface;
  readonly frame: Frame;
  readonly spans: Spans;
  readonly lane: number;
  readonly y: number;
  readonly height: number;
  /** Position and number of those that are lifted out. */
  readonly marked: ReadonlyMap<number, number>;
  readonly isDimmed: boolean;
  /** Inside a bar that has room. */
  readonly textOf: ((item: number) => string) | null;
}

/** Below this width a bar is a stroke, and those that were ok flow together. */
const strokePx = 3;
const textFromPx = 46;
/** Many together weigh less: what went wrong among them stands out. */
const flowing = 0.6;

/** The bars of a lane: filled, hollow or hatched by their outcome. */
export function drawStrip(options: StripOptions): void {
  const { surface, frame, spans, lane, marked, isDimmed } = options;
  const index = spans.lanes[lane];
  if (index === undefined) return;
  const { context } = surface;
  const { from, to } = placesWithin(index, spans.at, frame);
  context.globalAlpha = isDimmed ? dimmed : 1;
  const others: number[] = [];
  const wide: number[] = [];
  drawOk();
  for (const item of others) drawOther(options, item);
  if (options.textOf !== null) for (const item of wide) drawText(options, item, options.textOf(item));
  context.globalAlpha = 1;
  for (const [item, number] of marked) if (isInLane(item)) drawMarked(options, item, number);

  function drawOk(): void {
    const { y, height } = options;
    context.fillStyle = surface.paints.palette.ok;
    let runFrom = 0;
    let runTo = -Infinity;
    let isFlowing = false;
    for (let place = from; place < to; place++) {
      const item = index?.items[place] ?? 0;
      const { left, width } = extentOf(options, item);
      if (width >= textFromPx) wide.push(item);
      if (spans.outcome[item] !== 0) {
        others.push(item);
        continue;
      }
      if (left <= runTo + 0.5 && width < strokePx) {
        runTo = Math.max(runTo, left + width);
        isFlowing = true;
        continue;
      }
      flush();
      runFrom = left;
      runTo = left + width;
      isFlowing = false;
    }
    flush();

    function flush(): void {
      if (runTo <= runFrom) return;
      context.globalAlpha = (isDimmed ? dimmed : 1) * (isFlowing ? flowing : 1);
      context.fillRect(runFrom, y, runTo - runFrom, height);
      context.globalAlpha = isDimmed ? dimmed : 1;
    }
  }

  function isInLane(item: number): boolean {
    const at = spans.at[item] ?? 0;
    if (at > frame.toUs || (spans.end[item] ?? 0) < frame.fromUs) return false;
    return index?.items.includes(item) ?? false;
  }
}

/** Where a bar lies, cut to what is in view and a little more; a wide one leaves a gap to the next. */
export function extentOf(
  { frame, spans }: Pick<StripOptions, 'frame' | 'spans'>,
  item: number,
): { readonly left: number; readonly width: number } {
  const left = Math.max(frame.left - 10, frame.xOf(spans.at[item] ?? 0));
  const right = Math.min(frame.right + 10, frame.xOf(spans.end[item] ?? 0));
  const width = right - left;
  return { left, width: Math.max(1, width > strokePx ? width - 1 : width) };
}

function drawOther(options: StripOptions, item: number): void {
  const { surface, spans, y, height } = options;
  const { context, paints } = surface;
  const { left, width } = extentOf(options, item);
  const isFailed = spans.outcome[item] === 1;
  if (width < strokePx) {
    context.fillStyle = isFailed ? paints.palette.failed : paints.palette.unknown;
    context.fillRect(left, y, Math.max(1.5, width), height);
    return;
  }
  if (isFailed) {
    context.fillStyle = paints.palette.panel;
    context.fillRect(left, y, width, height);
    context.strokeStyle = paints.palette.failed;
    context.strokeRect(left + 0.5, y + 0.5, Math.max(1, width - 1), height - 1);
    return;
  }
  context.fillStyle = paints.unknown;
  context.strokeStyle = paints.palette.unknown;
  const isOpen = spans.length[item] === -1;
  const tip = isOpen ? Math.min(7, width / 2) : 0;
  context.beginPath();
  context.moveTo(left + 0.5, y + 0.5);
  context.lineTo(left + width - tip, y + 0.5);
  context.lineTo(left + width, y + height / 2);
  context.lineTo(left + width - tip, y + height - 0.5);
  context.lineTo(left + 0.5, y + height - 0.5);
  context.closePath();
  context.fill();
  context.stroke();
}

function drawText(options: StripOptions, item: number, text: string): void {
  const { surface, frame, spans, y, height } = options;
  const { context, paints } = surface;
  const { left, width } = extentOf(options, item);
  const from = Math.max(left, frame.left);
  const room = Math.min(left + width, frame.right) - from - 8;
  if (room < textFromPx - 8) return;
  const outcome = spans.outcome[item] ?? 0;
  const sign = outcome === 1 ? '× ' : outcome === 2 ? '? ' : '';
  const shown = fitted(context, sign + text, room);
  if (shown === '') return;
  if (outcome === 2) {
    context.fillStyle = paints.palette['unknown-soft'];
    context.fillRect(from + 2, y + 2, Math.min(room + 4, context.measureText(shown).width + 4), height - 4);
  }
  context.fillStyle = outcome === 0 ? paints.palette['on-ok'] : paints.palette.ink;
  context.fillText(shown, from + 4, y + height / 2 + 0.5);
}

/** As much of the text as has room. */
export function fitted(
  context: { measureText(text: string): { readonly width: number } },
  text: string,
  room: number,
): string {
  if (context.measureText(text).width <= room) return text;
  const letters = Math.floor((room / context.measureText(text).width) * text.length) - 1;
  return letters < 2 ? '' : `${text.slice(0, letters)}…`;
}

function drawMarked(options: StripOptions, item: number, number: number): void {
  const { surface, spans, y, height, textOf } = options;
  const { context, paints } = surface;
  const { left, width } = extentOf(options, item);
  if (spans.outcome[item] === 0) {
    context.fillStyle = paints.palette.ok;
    context.fillRect(left, y, width, height);
  } else drawOther(options, item);
  if (textOf !== null && width >= textFromPx) drawText(options, item, textOf(item));
  context.strokeStyle = paints.palette.ring;
  context.lineWidth = 2;
  context.strokeRect(left - 1.5, y - 1.5, width + 3, height + 3);
  context.lineWidth = 1;
  drawBadge(surface, left, y, String(number));
}

/** A number on the upper left corner. */
export function drawBadge(
  { context, paints: { palette } }: Surface,
  x: number,
  y: number,
  text: string,
): void {
  const width = Math.max(15, context.measureText(text).width + 8);
  context.fillStyle = palette.ring;
  context.beginPath();
  context.roundRect(x - width / 2, y - 10, width, 14, 7);
  context.fill();
  context.fillStyle = palette.panel;
  context.textAlign = 'center';
  context.fillText(text, x, y - 2.5);
  context.textAlign = 'left';
}
