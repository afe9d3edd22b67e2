import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Verdict } from '../checkers/types.js';
import type { History } from '../history/index.js';
import { againSection } from './again.js';
import { headSection } from './head.js';
import { html, trusted } from './html.js';
import { createKnown } from './known.js';
import { pack } from './pack.js';
import { packedText } from './packed-text.js';
import { pageScript } from './page-script.js';
import { pageStyle } from './style/index.js';
import { plotSection } from './plots.js';
import { visible } from './text.js';
import { verdictSection } from './verdicts.js';

export interface ReportOptions {
  readonly history: History;
  readonly verdicts: readonly { readonly checker: string; readonly verdict: Verdict }[];
  /** For people: `torture, seed 7`. */
  readonly title: string;
}

/**
 * One HTML file that needs nothing else: verdicts first, with drawings of what cannot be, then plots and a timeline of the run, and
 * how to do it again. The same options give the same bytes. Whatever a history holds is shown as text, never run.
 */
export function renderReport({ history, verdicts, title }: ReportOptions): string {
  const script = pageScript();
  const known = createKnown(history);
  const policy = [
    "default-src 'none'",
    `script-src '${digestOf(script)}'`,
    `style-src '${digestOf(pageStyle)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${visible(title)}</title>
        ${trusted(`<style>${pageStyle}</style>`)}
      </head>
      <body>
        ${headSection(title, history, verdicts)}
        <main>${verdictSection(verdicts, known)} ${plotSection(history)} ${againSection(history)}</main>
        ${packedText('data', JSON.stringify(pack(history)))} ${trusted(`<script>${script}</script>`)}
      </body>
    </html> `;
  return markup;
}

/** Errors: those of the file system. */
export async function writeReport(path: string, options: ReportOptions): Promise<void> {
  await writeFile(path, renderReport(options));
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
