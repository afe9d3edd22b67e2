import type { Anomaly, Verdict } from '../checkers/types.js';
import { drawAnomaly } from './drawings/index.js';
import { html } from './html.js';
import type { Html } from './html.js';
import { operationButton } from './known.js';
import type { Known } from './known.js';
import { markOf, markWords } from './marks.js';
import { counted } from './page/format.js';
import { shortened, visible } from './text.js';

export interface NamedVerdict {
  readonly checker: string;
  readonly verdict: Verdict;
}

/** Of one checker: the rest is counted. */
const anomaliesShownMax = 20;
/** Beyond these they are folded. */
const anomaliesOpenMax = 3;
/** Operations, calls and watches that an anomaly lists. */
const listedMax = 50;
const explanationMax = 4000;

const severity: Readonly<Record<Verdict['type'], number>> = { violated: 0, unknown: 1, ok: 2, skipped: 3 };

/** Worst first, otherwise as they came. */
export function sortVerdicts(verdicts: readonly NamedVerdict[]): readonly NamedVerdict[] {
  return [...verdicts].sort((a, b) => severity[a.verdict.type] - severity[b.verdict.type]);
}

/** A line for each checker, then all that was found. */
export function verdictSection(verdicts: readonly NamedVerdict[], known: Known): Html {
  const sorted = sortVerdicts(verdicts);
  let shown = 0;
  const articles = sorted.flatMap(({ checker, verdict }) => {
    if (verdict.type !== 'violated') return [];
    const first = verdict.anomalies.slice(0, anomaliesShownMax);
    const rest = verdict.anomalies.length - first.length;
    return [
      ...first.map((anomaly) => anomalyArticle(anomaly, { checker, number: ++shown, known })),
      ...(rest > 0
        ? [
            html`<p class="note">
              ${visible(checker)} found ${counted(rest, 'more anomaly', 'more anomalies')}.
            </p>`,
          ]
        : []),
    ];
  });
  const told = sorted.filter(({ verdict }) => verdict.type !== 'skipped');
  const skipped = sorted.filter(({ verdict }) => verdict.type === 'skipped').map(({ checker }) => checker);
  return html`<section id="verdicts" aria-labelledby="verdicts-heading">
    <h2 id="verdicts-heading">Verdicts</h2>
    ${
      told.length === 0
        ? null
        : html`<ul class="verdicts">
            ${told.map(verdictLine)}
          </ul>`
    }
    ${skipped.length === 0 ? null : html`<p class="note">Not concerned: ${skipped.join(', ')}.</p>`}
    ${articles}
  </section>`;
}

function verdictLine({ checker, verdict }: NamedVerdict): Html {
  const detail =
    verdict.type === 'violated'
      ? counted(verdict.anomalies.length, 'anomaly', 'anomalies')
      : verdict.type === 'unknown'
        ? visible(verdict.reason)
        : null;
  return html`<li class="verdict ${verdict.type}">
    ${markOf(verdict.type)}
    <span class="name">${visible(checker)}</span>
    <span class="word">${markWords[verdict.type]}</span>
    ${detail === null ? null : html`<span class="detail">${detail}</span>`}
  </li>`;
}

function anomalyArticle(
  anomaly: Anomaly,
  { checker, number, known }: { readonly checker: string; readonly number: number; readonly known: Known },
): Html {
  const { name, explanation, drawing, operations, calls, watches, atUs } = anomaly;
  const picture = drawAnomaly(anomaly, known);
  const hasTarget = atUs !== undefined || operations.length + calls.length + watches.length > 0;
  return html`<details class="anomaly" id="anomaly-${number}" ${trustedOpen(number)}>
    <summary>
      <span class="number">${number}</span>
      <span class="title">${visible(name)}</span>
      <span class="by">found by ${visible(checker)}</span>
    </summary>
    <p class="explanation">${visible(shortened(explanation, explanationMax))}</p>
    ${
      hasTarget
        ? html`<p>
            <button
              type="button"
              class="show"
              data-anomaly="${number}"
              data-name="${visible(name)}"
              data-operations="${operations.join(' ')}"
              data-calls="${calls.join(' ')}"
              data-watches="${watches.join(' ')}"
              data-at="${atUs === undefined ? '' : known.sinceStart(atUs)}"
            >
              Show in the timeline
            </button>
          </p>`
        : null
    }
    ${picture === null ? null : html`<figure>${picture}</figure>`}
    ${drawing?.type === 'cycle' ? null : evidence(anomaly, known)}
  </details>`;
}

function trustedOpen(number: number): Html | null {
  return number <= anomaliesOpenMax ? html`open` : null;
}

function evidence({ operations, calls, watches }: Anomaly, known: Known): Html | null {
  const rows = [
    ...operations.map(
      (id) => html`<li>${operationButton(id, known)} <code>${known.operation(id)}</code></li>`,
    ),
    ...calls.map(
      (id) =>
        html`<li>
          <button type="button" class="id" data-calls="${id}">call ${id}</button>
          <code>${known.call(id)}</code>
        </li>`,
    ),
    ...watches.map(
      (id) =>
        html`<li>
          <button type="button" class="id" data-watches="${id}">watch ${id}</button>
          <code>${known.watch(id)}</code>
        </li>`,
    ),
  ];
  if (rows.length === 0) return null;
  const rest = rows.length - listedMax;
  return html`<ul class="evidence" aria-label="Evidence">
    ${rows.slice(0, listedMax)} ${rest > 0 ? html`<li>and ${rest} more</li>` : null}
  </ul>`;
}
