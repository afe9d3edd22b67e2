import type { Spans } from './run.js';
import type { Frame, Surface } from './surface.js';

/** With more operations than this in view, those that were ok are shown as how many. */
export const pointsMax = 4000;
const size = 3;

interface PointOptions {
  readonly surface: Surface;
  readonly frame: Frame;
  readonly operations: Spans;
  readonly range: { readonly from: number; readonly to: number };
  readonly yOfItem: (item: number) => number;
  readonly withOk: boolean;
}

/** A dot, a cross or a triangle for each operation: ok, failed, unknown. What would lie on the same spot is drawn once. */
export function drawPoints({ surface, frame, operations, range, yOfItem, withOk }: PointOptions): void {
  const { context, paints } = surface;
  const { palette } = paints;
  const taken = new Set<number>();
  const paths: readonly [shape: (x: number, y: number) => void, paint: () => void][] = [
    [dot, () => fill(palette.ok)],
    [cross, () => line(palette.failed)],
    [triangle, () => fill(palette.unknown)],
  ];
  paths.forEach(([shape, paint], outcome) => {
    if (outcome === 0 && !withOk) return;
    taken.clear();
    context.beginPath();
    for (let item = range.from; item < range.to; item++) {
      if (operations.outcome[item] !== outcome || (operations.length[item] ?? -1) < 0) continue;
      const x = frame.xOf(operations.at[item] ?? 0);
      const y = yOfItem(item);
      const spot = Math.round(x / 2) * 1000 + Math.round(y / 2);
      if (taken.has(spot)) continue;
      taken.add(spot);
      shape(x, y);
    }
    paint();
  });
  context.globalAlpha = 1;

  function dot(x: number, y: number): void {
    context.rect(x - 1.5, y - 1.5, 3, 3);
  }

  function cross(x: number, y: number): void {
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x - size, y + size);
    context.lineTo(x + size, y - size);
  }

  function triangle(x: number, y: number): void {
    context.moveTo(x, y - size - 1);
    context.lineTo(x + size + 1, y + size);
    context.lineTo(x - size - 1, y + size);
    context.closePath();
  }

  function fill(colour: string): void {
    context.fillStyle = colour;
    context.globalAlpha = 0.85;
    context.fill();
  }

  function line(colour: string): void {
    context.strokeStyle = colour;
    context.lineWidth = 1.4;
    context.stroke();
    context.lineWidth = 1;
  }
}
