import { browser } from './browser.js';
import type { Context } from './browser.js';

const names = [
  ...[
    'page',
    'panel',
    'ink',
    'muted',
    'line',
    'soft',
    'accent',
    'ok',
    'ok-soft',
    'failed',
    'unknown',
    'unknown-soft',
  ],
  ...['bad', 'leader', 'candidate', 'follower', 'learner', 'down', 'on-leader', 'on-follower', 'on-ok'],
  ...['fault', 'fault-shade', 'commit', 'ring'],
] as const;

export type Colour = (typeof names)[number];
export type Palette = Readonly<Record<Colour, string>>;

/** The page's colours as its style has them now, in light or dark. */
export function readPalette(): Palette {
  const style = browser.getComputedStyle(browser.document.documentElement);
  const entries = names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(entries) as Palette;
}

/** Slanted lines on a ground: what is told by colour is told by this too. */
export function hatched(context: Context, line: string, ground: string): string | object {
  const tile = browser.document.createElement('canvas');
  tile.width = tile.height = 6;
  const pen = tile.getContext('2d');
  if (pen === null) return ground;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = line;
  pen.lineWidth = 1.4;
  pen.beginPath();
  for (const shift of [-6, 0, 6]) {
    pen.moveTo(shift - 1, 7);
    pen.lineTo(shift + 7, -1);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat') ?? ground;
}
