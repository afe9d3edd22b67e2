import type { Scale } from './scale.js';

/** Line plots as SVG, drawn with the page's own styles. */
export interface Plot {
  readonly title: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly Line[];
  /** Places on x that mean something. */
  readonly marks?: readonly { readonly x: number; readonly text: string; readonly style: string }[];
  readonly isWide?: boolean;
}

export interface Line {
  readonly name: string;
  /** A class of the page's style sheet. */
  readonly style: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly hasDots?: boolean;
}

const heightPx = 260;
const widthsPx = { usual: 460, wide: 940 } as const;
const margin = { left: 58, right: 14, top: 30, bottom: 42 } as const;
const dotRadius = 3;
/** Lines of more points than a screen has dots are drawn by their highest points. */
const pointsMax = 2000;

export function drawPlot(plot: Plot): string {
  const width = plot.isWide === true ? widthsPx.wide : widthsPx.usual;
  const innerWidth = width - margin.left - margin.right;
  const innerHeight = heightPx - margin.top - margin.bottom;
  const xAt = (value: number): number => margin.left + plot.x.place(value) * innerWidth;
  const yAt = (value: number): number => margin.top + (1 - plot.y.place(value)) * innerHeight;
  const parts = [
    ...plot.y.ticks.map(({ value, text }) => {
      const y = round(yAt(value));
      return (
        `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}"/>` +
        `<text class="tick" x="${margin.left - 6}" y="${y + 4}" text-anchor="end">${escapeText(text)}</text>`
      );
    }),
    ...plot.x.ticks.map(({ value, text }) => {
      const x = round(xAt(value));
      const bottom = heightPx - margin.bottom;
      return (
        `<line class="grid" x1="${x}" x2="${x}" y1="${margin.top}" y2="${bottom}"/>` +
        `<text class="tick" x="${x}" y="${bottom + 15}" text-anchor="middle">${escapeText(text)}</text>`
      );
    }),
    ...(plot.marks ?? []).map(({ x, text, style }) => {
      const at = round(xAt(x));
      const line = `<line x1="${at}" x2="${at}" y1="${margin.top}" y2="${heightPx - margin.bottom}"/>`;
      return `<g class="mark ${style}"><title>${escapeText(text)}</title>${line}</g>`;
    }),
    ...plot.lines.map((line) => drawLine(line, xAt, yAt)),
    `<text class="axis" x="${margin.left + innerWidth / 2}" y="${heightPx - 8}" text-anchor="middle">` +
      `${escapeText(plot.xName)}</text>`,
    `<text class="axis" x="${margin.left}" y="${margin.top - 10}">${escapeText(plot.yName)}</text>`,
  ];
  return (
    `<figure><figcaption>${escapeText(plot.title)}</figcaption>` +
    `<svg viewBox="0 0 ${width} ${heightPx}" width="${width}" role="img" aria-label="${escapeText(plot.title)}">` +
    `${parts.join('')}</svg>${legendOf(plot.lines)}</figure>`
  );
}

function drawLine(line: Line, xAt: (x: number) => number, yAt: (y: number) => number): string {
  const points = thin(line.points).map(([x, y]) => [round(xAt(x)), round(yAt(y))] as const);
  const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  const dots =
    line.hasDots === true
      ? points.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="${dotRadius}"/>`).join('')
      : '';
  return `<g class="line ${line.style}"><path d="${path}"/>${dots}</g>`;
}

/** Of neighbours, the highest. */
function thin(points: Line['points']): Line['points'] {
  const each = Math.ceil(points.length / pointsMax);
  if (each <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / each) }, (_, index) => {
    const group = points.slice(index * each, (index + 1) * each);
    return group.reduce((highest, point) => (point[1] > highest[1] ? point : highest));
  });
}

function legendOf(lines: readonly Line[]): string {
  const items = lines.map(({ name, style }) => `<span class="key ${style}">${escapeText(name)}</span>`);
  return `<div class="legend">${items.join('')}</div>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
