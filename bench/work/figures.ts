import type { Histogram } from '../load/histogram.js';
import type { RunningSystem } from '../systems.js';
import type { FigureInfo, Goal } from './types.js';

export function rateFigure(goal: Goal | null = null, name = 'requests/s'): FigureInfo {
  return { id: 'rate', name, goal };
}

/** Medians and 99th percentiles of latency, and what a request costs all members together. */
export function latencyFigures(
  goals: { readonly p50?: Goal; readonly p99?: Goal } = {},
): readonly FigureInfo[] {
  return [
    { id: 'p50', name: 'median, µs', goal: goals.p50 ?? null },
    { id: 'p99', name: 'p99, µs', goal: goals.p99 ?? null },
    processorFigure,
  ];
}

export const processorFigure: FigureInfo = { id: 'processor', name: 'processor µs a request', goal: null };

export function latencyValues(latency: Histogram): { readonly p50: number; readonly p99: number } {
  return { p50: latency.quantileUs(0.5), p99: latency.quantileUs(0.99) };
}

/** Reads how much processor time the members use from now on. */
export async function processorMeter(
  system: RunningSystem,
): Promise<{ usPerRequest(requests: number): Promise<number> }> {
  const before = await system.processorMs();
  return {
    usPerRequest: async (requests) => (((await system.processorMs()) - before) * 1000) / requests,
  };
}
