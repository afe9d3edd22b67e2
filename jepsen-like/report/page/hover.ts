import { browser, element, make } from './browser.js';
import type { PageElement } from './browser.js';
import type { Hit, Plot } from './plot.js';
import type { Frame } from './surface.js';

/** What is told of the thing under the pointer or under the keys. */
export interface Hover {
  /** Beside the pointer, with a line through all plots. */
  point(
    at: { readonly plot: Plot; readonly frame: Frame; readonly x: number; readonly y: number } | null,
  ): void;
  /** Below the plots, where it stays and can be copied; read out by screen readers. */
  tell(hit: Hit | null, plot: Plot | null): void;
  /** What was last pointed at is told below. */
  keep(): void;
  clear(): void;
}

const gapPx = 14;

export function createHover(): Hover {
  const plots = element('plots');
  const tip = element('tip');
  const crosshair = element('crosshair');
  const ring = element('ring');
  const details = element('details');
  let last: Hit | null = null;

  function drawRing(hit: Hit | null, plot: Plot | null): void {
    const box = hit?.box ?? null;
    ring.hidden = box === null || plot === null;
    if (box === null || plot === null) return;
    const outer = plots.getBoundingClientRect();
    const inner = plot.surface.canvas.getBoundingClientRect();
    const left = Math.max(0, box.x);
    place(ring, inner.left - outer.left + left, inner.top - outer.top + box.y);
    ring.style['width'] = `${Math.max(4, Math.min(plot.surface.width, box.x + box.width) - left)}px`;
    ring.style['height'] = `${box.height}px`;
  }

  function fill(into: PageElement, hit: Hit): void {
    into.replaceChildren(...hit.lines.map(({ style, text }) => make('div', style, text)));
  }

  return {
    point(at) {
      last = at === null ? null : at.plot.hit(at.frame, at.x, at.y);
      crosshair.hidden = at === null || at.x < at.frame.left || at.x > at.frame.right;
      tip.hidden = last === null;
      drawRing(last, at?.plot ?? null);
      if (at === null) return;
      place(crosshair, at.x, 0);
      if (last === null) return;
      fill(tip, last);
      const { left, top } = at.plot.surface.canvas.getBoundingClientRect();
      const { offsetWidth, offsetHeight } = tip;
      const x = left + at.x + gapPx;
      const y = top + at.y + gapPx;
      const fitsRight = x + offsetWidth < browser.innerWidth - 8;
      const fitsBelow = y + offsetHeight < browser.innerHeight - 8;
      place(
        tip,
        Math.max(8, fitsRight ? x : x - offsetWidth - 2 * gapPx),
        fitsBelow ? y : Math.max(8, y - offsetHeight - 2 * gapPx),
      );
    },
    tell(hit, plot) {
      tip.hidden = true;
      drawRing(hit, plot);
      if (hit === null) details.replaceChildren();
      else fill(details, hit);
    },
    keep() {
      if (last !== null) fill(details, last);
    },
    clear() {
      last = null;
      tip.hidden = crosshair.hidden = ring.hidden = true;
      details.replaceChildren();
    },
  };
}

function place(what: PageElement, x: number, y: number): void {
  what.style['transform'] = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
}
