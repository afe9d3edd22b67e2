import { browser, element } from './browser.js';
import type { PageElement } from './browser.js';
import { markTarget, targetOf, windowOf } from './jump.js';
import type { Target } from './jump.js';
import { isAnyMarked, nothingMarked } from './lane.js';
import type { Marked } from './lane.js';
import type { Run } from './run.js';
import type { Timeline } from './timeline.js';
import type { View } from './view.js';

export interface Jumps {
  clear(): void;
}

/** From an anomaly, or anything with a number, to its place in the timeline, and back. */
export function createJumps(
  run: Run,
  view: View,
  timeline: Timeline,
  onMarked: (marked: Marked) => void,
): Jumps {
  const strip = element('strip');
  const back = element('strip-back');
  let cameFrom: PageElement | null = null;

  function clear(): void {
    strip.hidden = true;
    onMarked(nothingMarked);
  }

  function jump(target: Target, text: string, from: PageElement | null): void {
    const marked = markTarget(run, target);
    onMarked(marked);
    const window = windowOf(run, marked);
    if (window !== null) view.show(window.fromUs, window.toUs);
    cameFrom = from;
    strip.hidden = false;
    back.hidden = from === null;
    const isThere = isAnyMarked(marked) || marked.atUs !== null;
    element('strip-text').textContent = isThere ? text : `${text}: not in this history`;
    timeline.surface.canvas.focus({ preventScroll: true });
    bringIntoSight();
  }

  function bringIntoSight(): void {
    const anchor = element('anchor');
    anchor.style['top'] = `${timeline.topOfMarked() ?? 0}px`;
    anchor.scrollIntoView({ block: 'center' });
  }

  browser.document.addEventListener('click', ({ target }) => {
    const button =
      target?.closest('button[data-operations], button[data-calls], button[data-watches]') ?? null;
    if (button === null) return;
    const { anomaly, name } = button.dataset;
    const text =
      anomaly === undefined ? tellTarget(targetOf(button.dataset)) : `Anomaly ${anomaly}: ${name ?? ''}`;
    jump(targetOf(button.dataset), text, button);
  });
  element('strip-clear').addEventListener('click', clear);
  back.addEventListener('click', () => {
    cameFrom?.scrollIntoView({ block: 'center' });
    cameFrom?.focus();
  });
  element('go').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = element('go-number').value.trim();
    if (text !== '')
      jump({ operations: [Number(text)], calls: [], watches: [], atUs: null }, `Operation ${text}`, null);
  });

  return { clear };
}

function tellTarget({ operations, calls, watches }: Target): string {
  const told = [
    ...operations.map((id) => `Operation ${id}`),
    ...calls.map((id) => `Call ${id}`),
    ...watches.map((id) => `Watch ${id}`),
  ];
  return told.join(', ');
}
