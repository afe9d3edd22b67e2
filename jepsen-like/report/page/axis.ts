import { formatTime } from './format.js';
import { niceTimeStep, ticks } from './scale.js';
import { within } from './surface.js';
import type { Frame, Surface } from './surface.js';

const labelPx = 72;
/** What is written in the gutter stays clear of the names of times. */
const aboveNamesPx = 25;

/** Lines down the plot at round times. */
export function drawTimeLines({ context, height, paints: { palette } }: Surface, frame: Frame): void {
  context.strokeStyle = palette.line;
  context.beginPath();
  for (const us of timesOf(frame).times) {
    const x = Math.round(frame.xOf(us)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, height);
  }
  context.stroke();
}

/** A moment that is lifted out: a line through the plot. */
export function drawMoment(surface: Surface, frame: Frame, atUs: number): void {
  const { context, height, paints } = surface;
  within(surface, frame, () => {
    context.fillStyle = paints.palette.ring;
    context.fillRect(Math.round(frame.xOf(atUs)) - 1, 0, 2, height);
  });
}

/** The names of those times, on a strip of their own. */
export function drawTimeNames(surface: Surface, frame: Frame, y: number): void {
  const { context, width, paints } = surface;
  const { palette } = paints;
  const { times, step } = timesOf(frame);
  context.fillStyle = palette.panel;
  context.fillRect(0, y - 9, width, 18);
  context.fillStyle = palette.muted;
  context.textAlign = 'center';
  for (const us of times) {
    const text = formatTime(us, step);
    const half = context.measureText(text).width / 2;
    const x = frame.xOf(us);
    if (x - half > 4 && x + half < width - 2) context.fillText(text, x, y);
  }
  context.textAlign = 'left';
}

function timesOf({ fromUs, toUs, usPerPx }: Frame): {
  readonly times: readonly number[];
  readonly step: number;
} {
  const step = niceTimeStep(usPerPx * labelPx);
  return { times: ticks(Math.max(0, fromUs), toUs, step), step };
}

/** Instead of what a plot would show. */
export function drawNothing(surface: Surface, frame: Frame, text: string): void {
  const { context, height, paints } = surface;
  context.fillStyle = paints.palette.muted;
  context.textAlign = 'center';
  context.fillText(text, (frame.left + frame.right) / 2, height / 2 - 9);
  context.textAlign = 'left';
}

/** A name or number in the gutter, to the left of the plot. */
export function drawInGutter(
  { context, height, paints: { palette } }: Surface,
  frame: Frame,
  text: string,
  y: number,
): void {
  context.fillStyle = palette.muted;
  context.textAlign = 'right';
  context.fillText(text, frame.left - 8, Math.min(y, height - aboveNamesPx));
  context.textAlign = 'left';
}
