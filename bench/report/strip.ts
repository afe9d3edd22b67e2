import type { FigureResult } from './results.js';
import { verdictOn } from './verdict.js';

const widthPx = 130;
const heightPx = 16;
/** Ratios from 1/8 to 8, the same as far apart as their factor. */
const span = 8;
const middleY = heightPx / 2;

/** The ratios of the rounds as dots, their median as a bar, and the goal as a line; 1 is in the middle. */
export function drawStrip({ samples, goal }: FigureResult): string {
  const { ratio } = verdictOn({ samples, goal, id: '', name: '' });
  if (!Number.isFinite(ratio)) return '';
  const isPaired = samples.baseline.length === samples.ours.length;
  const ratios = isPaired
    ? samples.ours.map((value, index) => value / (samples.baseline[index] ?? Number.NaN))
    : [];
  const dots = ratios
    .filter(Number.isFinite)
    .map((value) => `<circle cx="${xOf(value)}" cy="${middleY}" r="2"/>`)
    .join('');
  const bar = `<rect x="${xOf(ratio) - 1.5}" y="2" width="3" height="${heightPx - 4}"/>`;
  const goalAt = goal === null ? null : xOf('atLeast' in goal ? goal.atLeast : goal.atMost);
  const goalLine =
    goalAt === null ? '' : `<line class="goal" x1="${goalAt}" x2="${goalAt}" y1="0" y2="${heightPx}"/>`;
  const one = `<line class="grid" x1="${xOf(1)}" x2="${xOf(1)}" y1="0" y2="${heightPx}"/>`;
  return `<svg class="strip" width="${widthPx}" height="${heightPx}">${one}${goalLine}${dots}${bar}</svg>`;
}

function xOf(ratio: number): number {
  const place = 0.5 + Math.log(Math.min(span, Math.max(1 / span, ratio))) / Math.log(span) / 2;
  return Math.round((2 + place * (widthPx - 4)) * 10) / 10;
}
