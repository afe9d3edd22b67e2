import { formatTime } from './format.js';
import { niceTimeStep, ticks } from './scale.js';
import type { Frame, Surface } from './surface.js';

const labelPx = 84;

/** Lines down the plot at round times; their names at `labelY`. */
export function drawTimeAxis(
  { context, height, paints: { palette } }: Surface,
  frame: Frame,
  labelYs: readonly number[],
): void {
  const step = niceTimeStep(frame.usPerPx * labelPx);
  context.strokeStyle = palette.line;
  context.fillStyle = palette.muted;
  context.textAlign = 'center';
  context.beginPath();
  const times = ticks(Math.max(0, frame.fromUs), frame.toUs, step);
  for (const us of times) {
    const x = Math.round(frame.xOf(us)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, height);
  }
  context.stroke();
  for (const y of labelYs) {
    context.fillStyle = palette.panel;
    context.fillRect(frame.left, y - 9, frame.right - frame.left, 18);
    context.fillStyle = palette.muted;
    for (const us of times) {
      const x = frame.xOf(us);
      const text = formatTime(us, step);
      const half = context.measureText(text).width / 2;
      if (x - half > frame.left - 20 && x + half < frame.right + 14) context.fillText(text, x, y);
    }
  }
  context.textAlign = 'left';
}

/** A name or number in the gutter, to the left of the plot. */
export function drawInGutter(
  { context, paints: { palette } }: Surface,
  frame: Frame,
  text: string,
  y: number,
): void {
  context.fillStyle = palette.muted;
  context.textAlign = 'right';
  context.fillText(text, frame.left - 8, y);
  context.textAlign = 'left';
}
