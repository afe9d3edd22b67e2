import { drawInGutter, drawNothing, drawTimeLines, drawTimeNames } from './axis.js';
import { bucketStep } from './buckets.js';
import { formatCount, formatTime } from './format.js';
import { outcomes } from './packed.js';
import type { Plot } from './plot.js';
import type { Run } from './run.js';
import { firstWhere, niceStep } from './scale.js';
import type { Shade } from './shade.js';
import { createSurface, within } from './surface.js';
import type { Frame } from './surface.js';

const bucketPx = 5;
const bucketItems = 4;
const axisPx = 20;
const topPx = 8;

interface Buckets {
  readonly firstUs: number;
  readonly stepUs: number;
  readonly count: number;
  /** A row of buckets for each outcome. */
  readonly counts: readonly Uint32Array[];
  readonly most: number;
}

/** Operations begun in each bucket of time, stacked by what came of them. */
export function createRatePlot({ main: operations }: Run, shade: Shade): Plot {
  const surface = createSurface('rate');

  function bucketsOf(frame: Frame): Buckets {
    const stepUs = bucketStep(operations, frame, { widthPx: bucketPx, items: bucketItems });
    const firstUs = Math.floor(frame.fromUs / stepUs) * stepUs;
    const count = Math.ceil((frame.toUs - firstUs) / stepUs);
    const counts = outcomes.map(() => new Uint32Array(count));
    const { at, outcome } = operations;
    const from = firstWhere(operations.count, (item) => (at[item] ?? 0) >= firstUs);
    for (let item = from; item < operations.count; item++) {
      const bucket = Math.floor(((at[item] ?? 0) - firstUs) / stepUs);
      if (bucket >= count) break;
      const row = counts[outcome[item] ?? 0];
      if (row !== undefined) row[bucket] = (row[bucket] ?? 0) + 1;
    }
    let most = 1;
    for (let bucket = 0; bucket < count; bucket++) most = Math.max(most, sumOf(counts, bucket));
    return { firstUs, stepUs, count, counts, most };
  }

  return {
    surface,
    draw(frame) {
      surface.clear();
      const { context, height, paints } = surface;
      const { palette } = paints;
      const buckets = bucketsOf(frame);
      const perSecond = 1_000_000 / buckets.stepUs;
      const tick = niceStep(Math.max(1e-6, (buckets.most * perSecond) / 3));
      const top = Math.ceil((buckets.most * perSecond) / tick) * tick;
      const bottom = height - axisPx;
      const yOf = (rate: number): number => bottom - (rate / top) * (bottom - topPx);
      within(surface, frame, () => {
        shade.draw(surface, frame);
        drawTimeLines(surface, frame);
      });
      drawTimeNames(surface, frame, height - 9);
      if (operations.count === 0) {
        drawNothing(surface, frame, 'no operations');
        return;
      }
      context.strokeStyle = palette.line;
      for (let rate = 0; rate <= top * 1.001; rate += tick) {
        drawInGutter(surface, frame, formatCount(Number(rate.toPrecision(3))), yOf(rate));
        context.beginPath();
        context.moveTo(frame.left, Math.round(yOf(rate)) + 0.5);
        context.lineTo(frame.right, Math.round(yOf(rate)) + 0.5);
        context.stroke();
      }
      within(surface, frame, () => {
        const fills = [palette.ok, palette.failed, paints.unknown];
        const bases = new Float64Array(buckets.count);
        buckets.counts.forEach((counts, outcome) => {
          context.fillStyle = fills[outcome] ?? palette.ok;
          context.globalAlpha = outcome === 0 ? 0.75 : 1;
          counts.forEach((count, bucket) => {
            if (count === 0) return;
            const base = bases[bucket] ?? 0;
            bases[bucket] = base + count * perSecond;
            const x = frame.xOf(buckets.firstUs + bucket * buckets.stepUs);
            const next = frame.xOf(buckets.firstUs + (bucket + 1) * buckets.stepUs);
            const y = yOf(base + count * perSecond);
            // What is rare is seen all the same.
            const tall = Math.max(outcome === 0 ? 1 : 2, yOf(base) - y);
            context.fillRect(x, yOf(base) - tall, Math.max(1, next - x - 0.5), tall);
          });
        });
        context.globalAlpha = 1;
      });
    },
    hit(frame, x) {
      if (x < frame.left || x > frame.right) return null;
      const { firstUs, stepUs, counts, count } = bucketsOf(frame);
      const bucket = Math.floor((frame.usOf(x) - firstUs) / stepUs);
      if (bucket < 0 || bucket >= count) return null;
      const atUs = firstUs + bucket * stepUs;
      const perSecond = 1_000_000 / stepUs;
      const told = counts.map((row, outcome) => {
        const rate = Number(((row[bucket] ?? 0) * perSecond).toPrecision(3));
        return `${formatCount(rate)} ${outcomes[outcome] ?? ''}`;
      });
      return {
        lines: [
          { style: 'strong', text: `${told.join(', ')} per second` },
          { style: 'plain', text: `${formatTime(atUs, stepUs)} to ${formatTime(atUs + stepUs, stepUs)}` },
        ],
        box: null,
        atUs,
        lengthUs: stepUs,
      };
    },
  };
}

function sumOf(counts: readonly Uint32Array[], bucket: number): number {
  return counts.reduce((sum, row) => sum + (row[bucket] ?? 0), 0);
}
