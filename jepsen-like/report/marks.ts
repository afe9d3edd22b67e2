import { html } from './html.js';
import type { Html } from './html.js';

export type MarkType = 'ok' | 'violated' | 'unknown' | 'skipped';

/** What each says in a word. */
export const markWords: Readonly<Record<MarkType, string>> = {
  ok: 'holds',
  violated: 'violated',
  unknown: 'unknown',
  skipped: 'not concerned',
};

const signs: Readonly<Record<MarkType, Html>> = {
  ok: html`<path d="M5.2 10.4l3.2 3.2 6.4-7" />`,
  violated: html`<path d="M6 6l8 8M14 6l-8 8" />`,
  unknown: html`<path d="M7.4 7.8a2.6 2.6 0 1 1 3.9 2.3c-.9.5-1.3 1-1.3 1.9M10 14.6v.3" />`,
  skipped: html`<path d="M6 10h8" />`,
};

/** A sign of its own shape and colour; what it means stands beside it in words. */
export function markOf(type: MarkType): Html {
  return html`<svg class="mark ${type}" viewBox="0 0 20 20" aria-hidden="true">
    <circle cx="10" cy="10" r="9" />
    ${signs[type]}
  </svg>`;
}
