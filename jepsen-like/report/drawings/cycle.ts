import type { Drawing } from '../../checkers/types.js';
import { html } from '../html.js';
import type { Html } from '../html.js';
import type { Known } from '../known.js';
import { operationButton } from '../known.js';
import { rounded, svg } from '../svg.js';
import { visible } from '../text.js';

type CycleDrawing = Extract<Drawing, { type: 'cycle' }>;

const size = 320;
const nodeRadius = 27;
/** How far an edge bends outwards, in parts of its length. */
const bend = 0.16;

/** What the letters on the edges mean (Adya 1999). */
const meanings: Readonly<Record<string, string>> = {
  ww: 'wrote over',
  wr: 'was read by',
  rw: 'read before the write of',
  realtime: 'ended before the start of',
};

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The circle, and beside it what each of its edges means in words. */
export function drawCycle({ edges }: CycleDrawing, known: Known): Html {
  const nodes = edges.map(({ from }) => from);
  const label = `A cycle: ${edges.map(({ from, to, kind }) => `${from} to ${to} by ${kind}`).join(', ')}`;
  const radius = size / 2 - nodeRadius - 22;
  const centre = size / 2;
  const places = nodes.map((_, place) => {
    const angle = -Math.PI / 2 + (place * 2 * Math.PI) / Math.max(2, nodes.length);
    return { x: centre + radius * Math.cos(angle), y: centre + radius * Math.sin(angle) };
  });
  const placeOf = (id: number): Point => places[nodes.indexOf(id)] ?? { x: centre, y: centre };
  const arrows = edges.map((edge, place) =>
    drawEdge(placeOf(edge.from), placeOf(edge.to), { kind: edge.kind, number: place + 1 }),
  );
  const circles = nodes.map((id, place) => drawNode(id, places[place] ?? { x: centre, y: centre }));
  return html`<div class="cycle">
    ${svg({ width: size, height: size, label }, [...arrows, ...circles])}
    <ol class="edges">
      ${edges.map(
        ({ from, to, kind, why }) =>
          html`<li>
            <p class="edge">
              ${operationButton(from, known)} <span class="kind">${kind}</span>
              <span class="meaning">${meanings[kind] ?? 'comes before'}</span> ${operationButton(to, known)}
            </p>
            <p class="why">${visible(why)}</p>
          </li>`,
      )}
    </ol>
    <dl class="members">
      ${nodes.map(
        (id) =>
          html`<dt>${operationButton(id, known)}</dt>
            <dd><code>${known.operation(id)}</code></dd>`,
      )}
    </dl>
  </div>`;
}

function drawNode(id: number, { x, y }: Point): Html {
  return html`<g class="node">
    <circle cx="${rounded(x)}" cy="${rounded(y)}" r="${nodeRadius}" />
    <text x="${rounded(x)}" y="${rounded(y + 4.5)}" text-anchor="middle">${id}</text>
  </g>`;
}

/** A bow from rim to rim with its arrowhead, its number and its kind. */
function drawEdge(
  from: Point,
  to: Point,
  { kind, number }: { readonly kind: string; readonly number: number },
): Html {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  // To the left of the way, which goes clockwise: outwards.
  const across = { x: along.y, y: -along.x };
  const bow = length * bend + 14;
  const middle = {
    x: (from.x + to.x) / 2 + across.x * bow * 2,
    y: (from.y + to.y) / 2 + across.y * bow * 2,
  };
  const start = towards(from, middle, nodeRadius + 2);
  const end = towards(to, middle, nodeRadius + 9);
  const tip = towards(to, middle, nodeRadius + 2);
  const label = {
    x: (start.x + 2 * middle.x + end.x) / 4,
    y: (start.y + 2 * middle.y + end.y) / 4,
  };
  const back = { x: tip.x - end.x, y: tip.y - end.y };
  const wing = { x: -back.y * 0.7, y: back.x * 0.7 };
  const head = [
    tip,
    { x: end.x - back.x * 0.4 + wing.x, y: end.y - back.y * 0.4 + wing.y },
    { x: end.x - back.x * 0.4 - wing.x, y: end.y - back.y * 0.4 - wing.y },
  ];
  const width = 34 + kind.length * 7;
  return html`<g class="arrow ${kind === 'rw' ? 'rw' : ''}">
    <path d="M${pair(start)} Q${pair(middle)} ${pair(end)}" />
    <polygon points="${head.map(pair).join(' ')}" />
    <rect
      x="${rounded(label.x - width / 2)}"
      y="${rounded(label.y - 11)}"
      width="${width}"
      height="22"
      rx="11"
    />
    <text x="${rounded(label.x)}" y="${rounded(label.y + 4)}" text-anchor="middle">${number} · ${kind}</text>
  </g>`;
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return {
    x: from.x + ((to.x - from.x) * distance) / length,
    y: from.y + ((to.y - from.y) * distance) / length,
  };
}

function pair({ x, y }: Point): string {
  return `${rounded(x)},${rounded(y)}`;
}
