import { createHistogram, distributionOf } from '../load/histogram.js';
import { median } from '../statistics.js';
import type { Side } from '../work/types.js';
import { drawPlot } from './plot.js';
import type { Line } from './plot.js';
import type { Results, TimelineResult, WorkResult } from './results.js';
import { countText, durationText, linearScale, logScale, percentileScale, placesScale } from './scale.js';

const sides = ['baseline', 'ours'] as const;

function nameOf(side: Side, work: WorkResult): string {
  return side === 'ours' ? work.ours : work.baseline;
}

/** Requests a second at each number of connections. */
export function throughputPlots(works: readonly WorkResult[]): string {
  const shapes = ['1', '8', '64', '100x10'];
  const texts = ['1', '8', '64', '100 × 10'];
  const kinds = [
    { id: 'put', title: 'Puts of 256 bytes' },
    { id: 'get', title: 'Linearizable gets' },
    { id: 'serializable', title: 'Serializable gets' },
  ];
  const plots = kinds.map(({ id, title }) => {
    const found = shapes.map((shape) => works.find((work) => work.id === `${id}-${shape}`));
    const lines = sides.map((side): Line => {
      const points = found.flatMap((work, index) => {
        const rate = median(work?.figures.find((figure) => figure.id === 'rate')?.samples[side] ?? []);
        return Number.isFinite(rate) ? [[index, rate] as const] : [];
      });
      return { name: side === 'ours' ? 'Quorate' : 'etcd', style: side, points, hasDots: true };
    });
    const present = lines.filter(({ points }) => points.length > 1);
    if (present.length === 0) return '';
    const rates = present.flatMap(({ points }) => points.map(([, rate]) => rate));
    return drawPlot({
      title,
      x: placesScale([0, 1, 2, 3], texts),
      y: linearScale(Math.max(...rates), countText),
      xName: 'connections (× requests at a time on each)',
      yName: 'requests a second',
      lines: present,
    });
  });
  return plots.join('');
}

/** How latency is distributed, by percentile, both systems in one plot each. */
export function latencyPlots(works: readonly WorkResult[]): string {
  return works.map(latencyPlot).join('');
}

function latencyPlot(work: WorkResult): string {
  const lines = sides.flatMap((side): Line[] => {
    const plain = work.latency[side];
    if (plain === undefined) return [];
    const points = distributionOf(createHistogram(plain)).map(
      ({ fraction, us }) => [fraction, Math.max(1, us)] as const,
    );
    return [{ name: nameOf(side, work), style: side, points }];
  });
  const all = lines.flatMap(({ points }) => points);
  if (all.length === 0) return '';
  const values = all.map(([, us]) => us);
  return drawPlot({
    title: work.name,
    x: percentileScale(Math.max(...all.map(([fraction]) => fraction))),
    y: logScale(Math.min(...values), Math.max(...values), durationText),
    xName: 'of all requests',
    yName: 'answered within',
    lines,
  });
}

export function timelinePlots(results: Results): string {
  return results.timelines.map(timelinePlot).join('');
}

const minuteMs = 60_000;

function timelinePlot({ title, steps, stalls, events, stepMs }: TimelineResult): string {
  const line = (
    name: string,
    style: string,
    of: (step: TimelineResult['steps'][number]) => number,
  ): Line => ({
    name,
    style,
    points: steps
      .filter(({ count }) => count > 0)
      .map((step) => [step.atMs / minuteMs, Math.max(1, of(step))] as const),
  });
  const lines = [
    line('worst', 'worst', (step) => step.maxUs),
    line('p99', 'p99', (step) => step.p99Us),
    line('median', 'p50', (step) => step.p50Us),
  ];
  const values = lines.flatMap(({ points }) => points.map(([, us]) => us));
  if (values.length === 0) return '';
  const lastMs = Math.max(...steps.map(({ atMs }) => atMs)) + stepMs;
  return drawPlot({
    title,
    x: linearScale(lastMs / minuteMs, (minutes) => `${Number(minutes.toFixed(2))} min`),
    y: logScale(Math.min(...values), Math.max(...values, 100_000), durationText),
    xName: 'since the load began to count',
    yName: `latency, each ${stepMs / 1000} s`,
    lines,
    marks: [
      ...events.map(({ atMs, text }) => ({ x: atMs / minuteMs, text, style: 'event' })),
      ...stalls.map(({ atMs, tookMs, cause, requests }) => ({
        x: atMs / minuteMs,
        text: `${Math.round(tookMs)} ms, ${requests} requests: ${cause}`,
        style: `stall ${cause}`,
      })),
    ],
    isWide: true,
  });
}
