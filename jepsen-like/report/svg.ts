import { html } from './html.js';
import type { Html } from './html.js';

/** Of the drawings' monospaced letters of 12 px: no font in use is wider. */
export const letterPx = 7.3;
export const linePx = 16;

/** Lines of at most so many letters, broken between words where that is possible; no more than `linesMax`. */
export function wrap(text: string, lettersMax: number, linesMax: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    let rest = word;
    if (line !== '' && line.length + 1 + rest.length > lettersMax) {
      lines.push(line);
      line = '';
    }
    while (rest.length > lettersMax) {
      lines.push(rest.slice(0, lettersMax));
      rest = rest.slice(lettersMax);
    }
    line = line === '' ? rest : `${line} ${rest}`;
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  if (lines.length <= linesMax) return lines;
  return [...lines.slice(0, linesMax - 1), `${lines[linesMax - 1]?.slice(0, lettersMax - 1) ?? ''}…`];
}

/** Lines of text below each other; `y` is the baseline of the first. */
export function textLines(
  lines: readonly string[],
  { x, y, className }: { readonly x: number; readonly y: number; readonly className: string },
): Html {
  const spans = lines.map((line, place) => html`<tspan x="${x}" y="${y + place * linePx}">${line}</tspan>`);
  return html`<text class="${className}">${spans}</text>`;
}

export interface SvgOptions {
  readonly width: number;
  readonly height: number;
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly className?: string;
}

export function svg({ width, height, label, className = '' }: SvgOptions, content: readonly Html[]): Html {
  return html`<svg
    class="drawing ${className}"
    role="img"
    aria-label="${label}"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
  >
    ${content}
  </svg>`;
}

/** The same drawing for wide windows and for phones; the style shows one of them. */
export function forBothWidths(draw: (width: number, className: string) => Html): Html {
  return html`${draw(900, 'wide')}${draw(340, 'narrow')}`;
}

/** To a hundredth: short, and the same on every machine. */
export function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}
