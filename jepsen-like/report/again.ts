import type { History } from '../history/index.js';
import { html } from './html.js';
import type { Html } from './html.js';
import { counted } from './page/format.js';
import { visible } from './text.js';

/** How to do it again: seed, command, and the plan with a copy button each; null: this run cannot be repeated. */
export function againSection({ replay, plan }: History): Html | null {
  if (replay === null && plan === null) return null;
  const seed = seedOf(plan);
  const lines = plan === null ? 0 : plan.trimEnd().split('\n').length;
  return html`<section id="again" aria-labelledby="again-heading">
    <h2 id="again-heading">Do it again</h2>
    ${seed === null ? null : html`<p>Seed <code id="seed">${seed}</code></p>`}
    ${
      replay === null
        ? null
        : html`<div class="copied">
            <pre id="replay" tabindex="0" aria-label="Command that replays the run">${visible(replay)}</pre>
            <button type="button" data-copy="replay">Copy</button>
          </div>`
    }
    ${
      plan === null
        ? null
        : html`<h3>The plan, ${counted(lines, 'line')}</h3>
            <div class="copied plan">
              <pre id="plan" tabindex="0" aria-label="Plan">${visible(plan)}</pre>
              <button type="button" data-copy="plan">Copy</button>
            </div>`
    }
  </section>`;
}

/** Plans begin with their settings, the seed among them. */
function seedOf(plan: string | null): string | null {
  return /^plan \{[^\n]*?"seed":(-?\d+)/.exec(plan ?? '')?.[1] ?? null;
}
