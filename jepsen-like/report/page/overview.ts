import { drawTimeLines, drawTimeNames } from './axis.js';
import type { Plot } from './plot.js';
import type { Run } from './run.js';
import type { Shade } from './shade.js';
import { createSurface, frameOf, within } from './surface.js';
import type { Frame } from './surface.js';
import type { View } from './view.js';

const axisPx = 18;

export interface Overview extends Plot {
  /** The whole run on the width of the canvas. */
  wholeFrame(): Frame;
}

/** How many operations began when, over the whole run, and what part of it the other plots show. */
export function createOverview({ main: operations, endUs }: Run, shade: Shade, view: View): Overview {
  const surface = createSurface('overview');
  const whole = { fromUs: -endUs * 0.01, toUs: endUs * 1.01 };
  let counts = new Uint32Array();

  function count(frame: Frame): void {
    const width = Math.ceil(frame.right - frame.left);
    if (counts.length === width) return;
    counts = new Uint32Array(width);
    for (const at of operations.at) {
      const x = Math.floor(frame.xOf(at) - frame.left);
      counts[x] = (counts[x] ?? 0) + 1;
    }
  }

  return {
    surface,
    wholeFrame: () => frameOf(whole, surface.width),
    draw() {
      surface.clear();
      const frame = frameOf(whole, surface.width);
      count(frame);
      const { context, height, paints } = surface;
      const { palette } = paints;
      const bottom = height - axisPx;
      within(surface, frame, () => {
        shade.draw(surface, frame);
        drawTimeLines(surface, frame);
      });
      drawTimeNames(surface, frame, height - 8);
      const most = counts.reduce((highest, each) => Math.max(highest, each), 1);
      context.fillStyle = palette.ok;
      context.globalAlpha = 0.6;
      counts.forEach((each, x) => {
        const tall = (each / most) * (bottom - 2);
        if (each > 0) context.fillRect(frame.left + x, bottom - Math.max(1, tall), 1, Math.max(1, tall));
      });
      const left = frame.xOf(view.fromUs);
      const right = frame.xOf(view.toUs);
      context.globalAlpha = 0.6;
      context.fillStyle = palette.panel;
      context.fillRect(frame.left, 0, Math.max(0, left - frame.left), bottom);
      context.fillRect(right, 0, Math.max(0, frame.right - right), bottom);
      context.globalAlpha = 1;
      context.strokeStyle = palette.accent;
      context.lineWidth = 1.5;
      context.strokeRect(left, 1, Math.max(3, right - left), bottom - 1);
      context.lineWidth = 1;
    },
    hit: () => null,
  };
}
