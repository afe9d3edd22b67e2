import { html } from './html.js';
import type { Html } from './html.js';
import type { History } from '../history/index.js';

/** Where the script draws. Each plot has a name, a legend in words and shapes, and a place for keys. */
export function plotSection({ operations, calls }: History): Html {
  const what = operations.length === 0 && calls.length > 0 ? 'Calls' : 'Operations';
  return html`<section id="run" aria-labelledby="run-heading">
    <div class="bar-of-run">
      <h2 id="run-heading">The run</h2>
      <div class="tools" role="group" aria-label="Window of time">
        <span id="window"></span>
        <button type="button" data-zoom="in" aria-label="Zoom in">+</button>
        <button type="button" data-zoom="out" aria-label="Zoom out">−</button>
        <button type="button" data-zoom="fit">All</button>
        <form id="go">
          <input
            id="go-number"
            inputmode="numeric"
            size="7"
            aria-label="Number of an operation"
            placeholder="operation"
          />
          <button>Go</button>
        </form>
      </div>
    </div>
    <noscript
      ><p class="note">
        The plots and the timeline are drawn by a script, which is turned off here.
      </p></noscript
    >
    <div id="strip" hidden>
      <span id="strip-text"></span>
      <button type="button" id="strip-back">Back to the anomaly</button>
      <button type="button" id="strip-clear">Clear</button>
    </div>
    <div id="plots">
      ${plot('overview', 'The whole run', 'drag to move')}
      ${plot('rate', `${what} begun per second`, 'by outcome')}
      ${plot('latency', 'Latency', 'lines: p50, dashed: p99 of those that were ok')}
      ${plot('timeline', 'Timeline', 'faults, members, clients and watches')}
      <div id="crosshair" hidden></div>
      <div id="ring" hidden></div>
    </div>
    <p id="hint">
      Click the plots, or hold Ctrl, to zoom with the wheel. Drag to move, double-click to come closer.
    </p>
    <div id="tip" hidden></div>
    <div id="details" role="status" aria-live="polite"></div>
    ${legend()} ${keys()}
  </section>`;
}

function plot(id: string, name: string, about: string): Html {
  return html`<div class="plot" id="plot-${id}">
    <h3 id="${id}-heading">${name} <small>${about}</small></h3>
    <canvas
      id="${id}"
      tabindex="0"
      role="application"
      aria-roledescription="plot"
      aria-labelledby="${id}-heading"
      aria-describedby="keys"
    ></canvas>
    ${id === 'timeline' ? html`<div id="anchor"></div>` : null}
  </div>`;
}

function legend(): Html {
  const sample = (name: string, text: string): Html =>
    html`<li>
      <svg class="sample" viewBox="0 0 30 14" aria-hidden="true">${samples[name] ?? null}</svg>${text}
    </li>`;
  return html`<ul class="legend" aria-label="Legend">
    ${sample('ok', 'ok')}${sample('failed', 'failed: surely without effect')}
    ${sample('unknown', 'unknown: may have happened')}
    ${sample('leader', 'leader')}${sample('candidate', 'candidate')}${sample('follower', 'follower')}
    ${sample('learner', 'learner')}${sample('down', 'down')}
    ${sample('commit', 'commit index')}${sample('fault', 'fault')}
  </ul>`;
}

const samples: Readonly<Record<string, Html>> = {
  ok: html`<rect class="ok" x="1" y="2" width="28" height="10" rx="2" />`,
  failed: html`<rect class="failed" x="1.5" y="2.5" width="27" height="9" rx="2" />
    <path class="failed-sign" d="M12.5 4.5l5 5m0-5l-5 5" />`,
  unknown: html`<path class="unknown" d="M1 2h22l6 5-6 5H1z" />
    <path class="unknown-sign" d="M4 12l6-10M10 12l6-10M16 12l6-10" />`,
  leader: html`<rect class="leader" x="1" y="2" width="28" height="10" rx="2" />`,
  candidate: html`<rect class="candidate" x="1" y="2" width="28" height="10" rx="2" />
    <path class="candidate-sign" d="M7 12V2M13 12V2M19 12V2M25 12V2" />`,
  follower: html`<rect class="follower" x="1" y="2" width="28" height="10" rx="2" />`,
  learner: html`<rect class="learner" x="1.5" y="2.5" width="27" height="9" rx="2" />`,
  down: html`<path class="down" d="M1 7h28" />`,
  commit: html`<path class="commit" d="M1 12L10 8L18 8L29 2" />`,
  fault: html`<rect class="fault" x="1" y="1" width="28" height="12" />`,
};

function keys(): Html {
  const key = (names: readonly string[], what: string): Html =>
    html`<li>${names.map((name) => html`<kbd>${name}</kbd> `)}${what}</li>`;
  return html`<details class="keys">
    <summary>Keys</summary>
    <ul id="keys">
      ${key(['←', '→'], 'move')} ${key(['+', '−'], 'zoom')} ${key(['0'], 'the whole run')}
      ${key(['Home', 'End'], 'beginning and end')} ${key(['↑', '↓'], 'choose a lane of the timeline')}
      ${key(['Shift ←', 'Shift →'], 'what came before and after in the lane')} ${key(['Esc'], 'clear')}
    </ul>
  </details>`;
}
