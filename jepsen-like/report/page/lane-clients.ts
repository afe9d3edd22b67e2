import { isAnyMarked } from './lane.js';
import type { Lane, Marked } from './lane.js';
import type { Hit } from './plot.js';
import { contains, placesWithin } from './run.js';
import type { Run, Spans } from './run.js';
import { firstWhere } from './scale.js';
import { linesOfSpan } from './span-words.js';
import { drawStrip, extentOf } from './spans.js';
import type { Frame } from './surface.js';

const barPx = 16;
const callPx = 5;
const topPx = 4;
const nearPx = 3;
/** Calls are drawn where one is wider than this, on average; where there are no operations, always. */
const callFromPx = 2;

/** One client after the other processes that it went on as: its operations, and under them the calls that they took. */
export function clientLanes(run: Run, marked: () => Marked): Lane[] {
  return Array.from({ length: run.laneCount }, (_, lane) => clientLane(run, lane, marked));
}

function clientLane(run: Run, lane: number, marked: () => Marked): Lane {
  const { operations, calls, texts } = run;
  const hasOperations = (operations.lanes[lane]?.items.length ?? 0) > 0;
  const hasCalls = (calls.lanes[lane]?.items.length ?? 0) > 0;
  const callY = topPx + barPx + 2;

  function areCallsShown(frame: Frame): boolean {
    const index = calls.lanes[lane];
    if (index === undefined || !hasCalls) return false;
    if (!hasOperations || marked().calls.size > 0) return true;
    const { from, to } = placesWithin(index, calls.at, frame);
    return (frame.right - frame.left) / Math.max(1, to - from) > callFromPx * 2;
  }

  function hitOf(frame: Frame, what: 'operation' | 'call', item: number, y: number): Hit {
    const spans = what === 'operation' ? operations : calls;
    const { left, width } = extentOf({ frame, spans }, item);
    const at = spans.at[item] ?? 0;
    return {
      lines: linesOfSpan(run, what, item),
      box:
        what === 'operation'
          ? { x: left - 2, y: y + topPx - 2, width: width + 4, height: barPx + 4 }
          : { x: left - 2, y: y + callY - 2, width: width + 4, height: callPx + 4 },
      atUs: at,
      lengthUs: (spans.end[item] ?? at) - at,
    };
  }

  return {
    name: `c${lane + 1}`,
    group: 'clients',
    height: topPx + barPx + (hasCalls ? callPx + 3 : 0) + 2,
    draw(surface, frame, y) {
      const isDimmed = isAnyMarked(marked());
      drawStrip({
        ...{ surface, frame, lane, isDimmed, spans: operations, y: y + topPx, height: barPx },
        marked: marked().operations,
        textOf: (item) =>
          `${texts[operations.action[item] ?? 0] ?? ''} → ${texts[operations.result[item] ?? 0] ?? ''}`,
      });
      if (!areCallsShown(frame)) return;
      drawStrip({
        ...{ surface, frame, lane, isDimmed, spans: calls, y: y + callY, height: callPx },
        marked: marked().calls,
        textOf: null,
      });
    },
    hit(frame, x, inLane, y) {
      const what = inLane >= callY && areCallsShown(frame) ? 'call' : 'operation';
      const item = nearestItem(what === 'operation' ? operations : calls, lane, frame, x);
      return item === null ? null : hitOf(frame, what, item, y);
    },
    hasMarked: () =>
      contains(operations.lanes[lane], marked().operations) || contains(calls.lanes[lane], marked().calls),
    neighbour(frame, us, direction, y) {
      const what = hasOperations ? 'operation' : 'call';
      const spans = hasOperations ? operations : calls;
      const items = spans.lanes[lane]?.items ?? new Uint32Array();
      const place =
        direction === 1
          ? firstWhere(items.length, (each) => (spans.at[items[each] ?? 0] ?? 0) > us)
          : firstWhere(items.length, (each) => (spans.at[items[each] ?? 0] ?? 0) >= us) - 1;
      const item = items[place];
      return item === undefined ? null : hitOf(frame, what, item, y);
    },
  };
}

/** The one under the pointer, else the nearest within a few pixels; of those that overlap the last to begin. */
function nearestItem(spans: Spans, lane: number, frame: Frame, x: number): number | null {
  const index = spans.lanes[lane];
  if (index === undefined) return null;
  const reach = { fromUs: frame.usOf(x - nearPx), toUs: frame.usOf(x + nearPx) };
  const { from, to } = placesWithin(index, spans.at, reach);
  let best: number | null = null;
  let bestDistance = Infinity;
  for (let place = from; place < to; place++) {
    const item = index.items[place] ?? 0;
    const before = frame.xOf(spans.at[item] ?? 0) - x;
    const after = x - frame.xOf(spans.end[item] ?? 0);
    const distance = Math.max(0, before, after);
    if (distance > nearPx || distance > bestDistance) continue;
    best = item;
    bestDistance = distance;
  }
  return best;
}
