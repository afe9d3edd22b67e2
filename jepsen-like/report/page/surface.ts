import { browser, canvas as canvasOf } from './browser.js';
import type { Canvas, Context, Paint } from './browser.js';
import { hatched, readPalette } from './palette.js';
import type { Palette } from './palette.js';
import type { View } from './view.js';

export const fontFamily = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

/** What all plots draw with: the colours, and the patterns made of them. */
export interface Paints {
  readonly palette: Palette;
  readonly unknown: Paint;
  readonly candidate: Paint;
}

/** One canvas, in units of CSS pixels whatever the screen has. */
export interface Surface {
  readonly canvas: Canvas;
  readonly context: Context;
  readonly width: number;
  readonly height: number;
  paints: Paints;
  /** Empty, of the size that the page gives it now. */
  clear(): void;
  forgetColours(): void;
}

export function createSurface(id: string): Surface {
  const canvas = canvasOf(id);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser draws no canvas');
  const paintsNow = (): Paints => {
    const palette = readPalette();
    return {
      palette,
      unknown: hatched(context, palette.unknown, palette['unknown-soft']),
      candidate: hatched(context, palette.panel, palette.candidate),
    };
  };
  const surface = {
    canvas,
    context,
    width: 0,
    height: 0,
    paints: paintsNow(),
    clear() {
      surface.width = canvas.clientWidth;
      surface.height = canvas.clientHeight;
      const ratio = browser.devicePixelRatio;
      const [width, height] = [Math.round(surface.width * ratio), Math.round(surface.height * ratio)];
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, surface.width, surface.height);
      context.font = `12px ${fontFamily}`;
      context.textBaseline = 'middle';
      context.textAlign = 'left';
      context.lineWidth = 1;
      context.globalAlpha = 1;
      context.setLineDash([]);
    },
    forgetColours() {
      surface.paints = paintsNow();
    },
  };
  return surface;
}

/** How times lie on the width of the plots: the same for all of them. */
export interface Frame {
  readonly fromUs: number;
  readonly toUs: number;
  readonly left: number;
  readonly right: number;
  readonly usPerPx: number;
  xOf(us: number): number;
  usOf(x: number): number;
}

/** The gutter holds the names of lanes and the numbers of scales. */
export function frameOf({ fromUs, toUs }: Pick<View, 'fromUs' | 'toUs'>, width: number): Frame {
  const left = width < 600 ? 56 : 76;
  const right = Math.max(left + 10, width - (width < 600 ? 8 : 16));
  const usPerPx = (toUs - fromUs) / (right - left);
  return {
    fromUs,
    toUs,
    left,
    right,
    usPerPx,
    xOf: (us) => left + (us - fromUs) / usPerPx,
    usOf: (x) => fromUs + (x - left) * usPerPx,
  };
}

/** Draws with nothing outside of the plot itself. */
export function within(surface: Surface, frame: Frame, draw: () => void): void {
  const { context, height } = surface;
  context.save();
  context.beginPath();
  context.rect(frame.left, 0, frame.right - frame.left, height);
  context.clip();
  draw();
  context.restore();
}
