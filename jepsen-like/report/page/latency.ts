import { drawInGutter, drawNothing, drawTimeLines, drawTimeNames } from './axis.js';
import { bucketStep } from './buckets.js';
import { formatDuration, formatTime } from './format.js';
import { binCount, binOf, binsPerDecade, latencyOf, percentileBin } from './histograms.js';
import { drawPoints, pointsMax } from './latency-points.js';
import { linesOfSpan } from './span-words.js';
import type { Hit, Plot } from './plot.js';
import { visibleItems } from './run.js';
import type { Run } from './run.js';
import { firstWhere } from './scale.js';
import type { Shade } from './shade.js';
import { createSurface, within } from './surface.js';
import type { Frame } from './surface.js';

const bucketPx = 7;
/** A percentile of fewer says nothing. */
const bucketItems = 25;
/** Percentiles are drawn from so many buckets on. */
const percentilesFrom = 12;
const axisPx = 20;
const topPx = 8;
/** Bins that share a cell of the picture. */
const binsPerCell = 4;
const nearPx = 8;

interface Buckets {
  readonly firstUs: number;
  readonly stepUs: number;
  readonly count: number;
  readonly bins: Uint32Array;
}

/** Latencies on a logarithmic scale: how many, with p50 and p99, from afar; each by itself from near. */
export function createLatencyPlot(run: Run, shade: Shade): Plot {
  const surface = createSurface('latency');
  const { main: operations } = run;
  const bins = Int16Array.from(operations.length, binOf);
  let least = binCount;
  let most = 0;
  for (const bin of bins) {
    if (bin < 0) continue;
    least = Math.min(least, bin);
    most = Math.max(most, bin);
  }
  const low = Math.floor((least === binCount ? 0 : least) / binsPerDecade) * binsPerDecade;
  const high = Math.max(low + binsPerDecade, Math.ceil((most + 1) / binsPerDecade) * binsPerDecade);
  const yOf = (bin: number): number => {
    const bottom = surface.height - axisPx;
    return bottom - ((bin - low) / (high - low)) * (bottom - topPx);
  };
  const yOfItem = (item: number): number =>
    yOf(Math.log10(Math.max(1, operations.length[item] ?? 1)) * binsPerDecade);

  function bucketsOf(frame: Frame): Buckets {
    const stepUs = bucketStep(operations, frame, { widthPx: bucketPx, items: bucketItems });
    const firstUs = Math.floor(frame.fromUs / stepUs) * stepUs;
    const count = Math.ceil((frame.toUs - firstUs) / stepUs);
    const counts = new Uint32Array(count * binCount);
    const { at, outcome } = operations;
    const from = firstWhere(operations.count, (item) => (at[item] ?? 0) >= firstUs);
    for (let item = from; item < operations.count; item++) {
      const bucket = Math.floor(((at[item] ?? 0) - firstUs) / stepUs);
      if (bucket >= count) break;
      const bin = bins[item] ?? -1;
      if (bin < 0 || outcome[item] !== 0) continue;
      const place = bucket * binCount + bin;
      counts[place] = (counts[place] ?? 0) + 1;
    }
    return { firstUs, stepUs, count, bins: counts };
  }

  function drawScale(frame: Frame): void {
    const { context, paints } = surface;
    context.strokeStyle = paints.palette.line;
    for (let bin = low; bin <= high; bin += binsPerDecade) {
      const y = Math.round(yOf(bin)) + 0.5;
      context.beginPath();
      context.moveTo(frame.left, y);
      context.lineTo(frame.right, y);
      context.stroke();
      drawInGutter(surface, frame, formatDuration(10 ** (bin / binsPerDecade)), y);
    }
  }

  /** How many lie where: the fuller, the darker. */
  function drawCells(frame: Frame, buckets: Buckets): void {
    const { context, paints } = surface;
    const cells = new Float64Array(Math.ceil(binCount / binsPerCell) * buckets.count);
    let fullest = 1;
    buckets.bins.forEach((count, place) => {
      if (count === 0) return;
      const cell =
        Math.floor(place / binCount) * Math.ceil(binCount / binsPerCell) +
        Math.floor((place % binCount) / binsPerCell);
      cells[cell] = (cells[cell] ?? 0) + count;
      fullest = Math.max(fullest, cells[cell] ?? 0);
    });
    context.fillStyle = paints.palette.ok;
    const cellCount = Math.ceil(binCount / binsPerCell);
    cells.forEach((count, cell) => {
      if (count === 0) return;
      const bucket = Math.floor(cell / cellCount);
      const bin = (cell % cellCount) * binsPerCell;
      const x = frame.xOf(buckets.firstUs + bucket * buckets.stepUs);
      const next = frame.xOf(buckets.firstUs + (bucket + 1) * buckets.stepUs);
      context.globalAlpha = 0.14 + 0.5 * Math.sqrt(count / fullest);
      context.fillRect(x, yOf(bin + binsPerCell), next - x, yOf(bin) - yOf(bin + binsPerCell));
    });
    context.globalAlpha = 1;
  }

  function drawPercentile(frame: Frame, buckets: Buckets, part: number, dash: readonly number[]): void {
    const { context, paints } = surface;
    context.strokeStyle = paints.palette.ink;
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.setLineDash(dash);
    context.beginPath();
    let isOn = false;
    for (let bucket = 0; bucket < buckets.count; bucket++) {
      const bin = percentileBin(buckets.bins, bucket, part);
      const x = frame.xOf(buckets.firstUs + (bucket + 0.5) * buckets.stepUs);
      if (bin < 0) isOn = false;
      else if (isOn) context.lineTo(x, yOf(bin + 0.5));
      else {
        context.moveTo(x, yOf(bin + 0.5));
        isOn = true;
      }
    }
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
  }

  function nearest(frame: Frame, x: number, y: number): number {
    const { from, to } = visibleItems(operations, frame);
    let best = -1;
    let bestDistance = nearPx;
    const { at, length } = operations;
    const first = firstWhere(operations.count, (item) => (at[item] ?? 0) >= frame.usOf(x - nearPx));
    for (let item = Math.max(from, first); item < to; item++) {
      const itemX = frame.xOf(at[item] ?? 0);
      if (itemX > x + nearPx) break;
      if ((length[item] ?? -1) < 0) continue;
      const distance = Math.hypot(itemX - x, yOfItem(item) - y);
      if (distance < bestDistance) {
        best = item;
        bestDistance = distance;
      }
    }
    return best;
  }

  function hitBucket(frame: Frame, x: number): Hit | null {
    const { firstUs, stepUs, count, bins: counts } = bucketsOf(frame);
    const bucket = Math.floor((frame.usOf(x) - firstUs) / stepUs);
    if (bucket < 0 || bucket >= count) return null;
    const median = percentileBin(counts, bucket, 0.5);
    if (median < 0) return null;
    const tail = percentileBin(counts, bucket, 0.99);
    const atUs = firstUs + bucket * stepUs;
    const told = `p50 ${formatDuration(latencyOf(median))}, p99 ${formatDuration(latencyOf(tail))}`;
    const when = `${formatTime(atUs, stepUs)} to ${formatTime(atUs + stepUs, stepUs)}`;
    return {
      lines: [
        { style: 'strong', text: told },
        { style: 'plain', text: when },
      ],
      box: null,
      atUs,
      lengthUs: stepUs,
    };
  }

  return {
    surface,
    draw(frame) {
      surface.clear();
      within(surface, frame, () => {
        shade.draw(surface, frame);
        drawTimeLines(surface, frame);
      });
      drawTimeNames(surface, frame, surface.height - 9);
      if (least === binCount) {
        drawNothing(surface, frame, 'nothing came back');
        return;
      }
      drawScale(frame);
      within(surface, frame, () => {
        const range = visibleItems(operations, frame);
        const buckets = bucketsOf(frame);
        const isNear = range.to - range.from <= pointsMax;
        if (!isNear) drawCells(frame, buckets);
        drawPoints({ surface, frame, operations, range, yOfItem, withOk: isNear });
        if (range.to - range.from < bucketItems * percentilesFrom) return;
        drawPercentile(frame, buckets, 0.5, []);
        drawPercentile(frame, buckets, 0.99, [4, 3]);
      });
    },
    hit(frame, x, y) {
      if (x < frame.left || x > frame.right) return null;
      const { from, to } = visibleItems(operations, frame);
      const item = to - from <= pointsMax ? nearest(frame, x, y) : -1;
      if (item < 0) return hitBucket(frame, x);
      return {
        lines: linesOfSpan(run, run.main === run.calls ? 'call' : 'operation', item),
        box: { x: frame.xOf(operations.at[item] ?? 0) - 6, y: yOfItem(item) - 6, width: 12, height: 12 },
        atUs: operations.at[item] ?? 0,
        lengthUs: operations.length[item] ?? 0,
      };
    },
  };
}
