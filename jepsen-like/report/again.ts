import type { History } from '../history/index.js';
import { html } from './html.js';
import type { Html } from './html.js';
import { counted, formatCount } from './page/format.js';
import { packedText } from './packed-text.js';
import { visible } from './text.js';

/** Lines of a plan that are shown; a longer one, that nobody shrank, can be copied as a whole. */
const planLinesMax = 300;

/** How to do it again: seed, command, and the plan with a copy button each; null: this run cannot be repeated. */
export function againSection({ replay, plan }: History): Html | null {
  if (replay === null && plan === null) return null;
  const seed = seedOf(plan);
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
    ${plan === null ? null : planPart(plan)}
  </section>`;
}

function planPart(plan: string): Html {
  const lines = plan.trimEnd().split('\n');
  const isCut = lines.length > planLinesMax;
  const shown = isCut ? `${lines.slice(0, planLinesMax).join('\n')}\n…` : plan;
  return html`<h3>The plan, ${counted(lines.length, 'line')}</h3>
    ${isCut ? html`<p class="note">The first ${formatCount(planLinesMax)} are shown; all of them are copied.</p>` : null}
    <div class="copied plan">
      <pre id="plan" tabindex="0" aria-label="Plan">${visible(shown)}</pre>
      <button type="button" data-copy="${isCut ? 'whole-plan' : 'plan'}">Copy</button>
    </div>
    ${isCut ? packedText('whole-plan', plan) : null}`;
}

/** Plans begin with their settings, the seed among them. */
function seedOf(plan: string | null): string | null {
  return /^plan \{[^\n]*?"seed":(-?\d+)/.exec(plan ?? '')?.[1] ?? null;
}
