import { visible } from './text.js';

/** Text that is HTML already. Made by `html` alone, so that all else is escaped. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | null | readonly Part[];

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for attributes in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? '');
}

/**
 * HTML from a template whose values are escaped, what cannot be seen made visible; null is nothing, a list is its parts one after the other.
 *
 *     html`<p title="${key}">${lines}</p>`
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const markup = strings.map((text, place) => text + markupOf(parts[place] ?? null)).join('');
  return { markup };
}

/** Ours, to the letter: the script and style of the page. */
export function trusted(markup: string): Html {
  return { markup };
}

function markupOf(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escapeHtml(visible(part));
  return 'markup' in part ? part.markup : part.map(markupOf).join('');
}
