import { median } from '../statistics.js';
import type { FigureResult } from './results.js';

/** A figure as readers want it. */
export interface Verdict {
  /** Medians over the rounds; NaN where nothing was measured. */
  readonly baseline: number;
  readonly ours: number;
  /** Ours over the baseline's. */
  readonly ratio: number;
  /** The smallest and the largest ratio of one round; null unless each round has both. */
  readonly spread: readonly [number, number] | null;
  /** Null without a goal, or when something is missing. */
  readonly passes: boolean | null;
}

export function verdictOn({ samples, goal }: FigureResult): Verdict {
  const baseline = median(samples.baseline);
  const ours = median(samples.ours);
  const ratio = ours / baseline;
  const passes = goal === null || !Number.isFinite(ratio) ? null : meets(ratio, goal);
  return { baseline, ours, ratio, spread: spreadOf(samples), passes };
}

function meets(ratio: number, goal: NonNullable<FigureResult['goal']>): boolean {
  return 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}

function spreadOf({ baseline, ours }: FigureResult['samples']): readonly [number, number] | null {
  if (baseline.length < 2 || baseline.length !== ours.length) return null;
  const ratios = ours.map((value, index) => value / (baseline[index] ?? Number.NaN)).filter(Number.isFinite);
  return ratios.length === 0 ? null : [Math.min(...ratios), Math.max(...ratios)];
}

export function goalText(goal: FigureResult['goal']): string {
  if (goal === null) return '';
  return 'atLeast' in goal ? `≥ ${goal.atLeast.toFixed(2)}` : `≤ ${goal.atMost.toFixed(2)}`;
}

export function markOf(passes: boolean | null): string {
  if (passes === null) return '';
  return passes ? 'pass' : 'SHORT';
}

/** Three digits that say something; a dash where nothing was measured. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 10 ? 1 : 2);
}

export function ratioText(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

export function spreadText(spread: readonly [number, number] | null): string {
  return spread === null ? '' : `${spread[0].toFixed(2)} – ${spread[1].toFixed(2)}`;
}
