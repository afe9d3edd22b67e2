import { formatTime } from './format.js';
import { dimmed, isAnyMarked } from './lane.js';
import type { Lane, Marked } from './lane.js';
import type { Hit } from './plot.js';
import { entryTypes } from './packed.js';
import { contains, placesWithin } from './run.js';
import type { Run, Watches } from './run.js';
import { firstWhere } from './scale.js';
import { drawBadge } from './spans.js';
import type { Frame, Surface } from './surface.js';

const lanePx = 16;
const nearPx = 6;

/** Watches as lines from their creation to their end, with a sign for each thing that came. */
export function watchLanes(run: Run, marked: () => Marked): Lane[] {
  return Array.from({ length: run.watches.rows }, (_, row) => watchLane(run, row, marked));
}

function watchLane({ watches, texts }: Run, row: number, marked: () => Marked): Lane {
  const index = watches.lanes[row];
  const items = index?.items ?? new Uint32Array();

  function hitOf(frame: Frame, watch: number, us: number, y: number): Hit {
    const entry = nearestEntry(watches, watch, us);
    const entryAt = watches.entryAt[entry] ?? 0;
    const isNear = entry >= 0 && Math.abs(frame.xOf(entryAt) - frame.xOf(us)) <= nearPx;
    const at = watches.at[watch] ?? 0;
    const left = Math.max(frame.left, frame.xOf(at));
    const right = Math.min(frame.right, frame.xOf(watches.end[watch] ?? at));
    const type = entryTypes[watches.entryType[entry] ?? 0] ?? '';
    return {
      lines: [
        { style: 'strong', text: `watch ${watches.id[watch] ?? ''}` },
        { style: 'text', text: texts[watches.text[watch] ?? 0] ?? '' },
        ...(isNear
          ? [
              { style: 'text', text: `${type}: ${texts[watches.entryText[entry] ?? 0] ?? ''}` } as const,
              { style: 'plain', text: `came at ${formatTime(entryAt, 1)}` } as const,
            ]
          : [{ style: 'plain', text: `from ${formatTime(at, 1000)}` } as const]),
      ],
      box: isNear
        ? { x: frame.xOf(entryAt) - 5, y: y + lanePx / 2 - 5, width: 10, height: 10 }
        : { x: left, y: y + 2, width: Math.max(2, right - left), height: lanePx - 4 },
      atUs: isNear ? entryAt : at,
      lengthUs: 0,
    };
  }

  return {
    name: '',
    group: 'watches',
    height: lanePx,
    draw(surface, frame, y) {
      if (index === undefined) return;
      const { context } = surface;
      const { from, to } = placesWithin(index, watches.at, frame);
      for (let place = from; place < to; place++) {
        const watch = items[place] ?? 0;
        const number = marked().watches.get(watch);
        context.globalAlpha = isAnyMarked(marked()) && number === undefined ? dimmed : 1;
        drawWatchLine(surface, frame, watches, { watch, y: y + lanePx / 2, number });
        context.globalAlpha = 1;
      }
    },
    hit(frame, x, _inLane, y) {
      if (index === undefined) return null;
      const us = frame.usOf(x);
      const slack = nearPx * frame.usPerPx;
      const { from, to } = placesWithin(index, watches.at, { fromUs: us - slack, toUs: us + slack });
      const watch = to > from ? items[to - 1] : undefined;
      return watch === undefined ? null : hitOf(frame, watch, us, y);
    },
    hasMarked: () => contains(index, marked().watches),
    neighbour(frame, us, direction, y) {
      const entries = Array.from(items).flatMap((watch) => {
        const entry = neighbourEntry(watches, watch, us, direction);
        return entry === null ? [] : [{ watch, at: watches.entryAt[entry] ?? 0 }];
      });
      entries.sort((a, b) => (a.at - b.at) * direction);
      const [first] = entries;
      return first === undefined ? null : hitOf(frame, first.watch, first.at, y);
    },
  };
}

/** Of one watch: the position of its entry that came nearest to the time; -1: it has none. */
function nearestEntry({ entryFrom, entryAt }: Watches, watch: number, us: number): number {
  const from = entryFrom[watch] ?? 0;
  const count = (entryFrom[watch + 1] ?? from) - from;
  if (count === 0) return -1;
  const after = firstWhere(count, (place) => (entryAt[from + place] ?? 0) >= us);
  const before = Math.max(0, after - 1);
  const last = Math.min(count - 1, after);
  const isBefore = us - (entryAt[from + before] ?? 0) < (entryAt[from + last] ?? 0) - us;
  return from + (isBefore ? before : last);
}

function neighbourEntry(watches: Watches, watch: number, us: number, direction: 1 | -1): number | null {
  const from = watches.entryFrom[watch] ?? 0;
  const count = (watches.entryFrom[watch + 1] ?? from) - from;
  const at = (place: number): number => watches.entryAt[from + place] ?? 0;
  const place =
    direction === 1
      ? firstWhere(count, (each) => at(each) > us)
      : firstWhere(count, (each) => at(each) >= us) - 1;
  return place < 0 || place >= count ? null : from + place;
}

interface LineOptions {
  readonly watch: number;
  readonly y: number;
  readonly number: number | undefined;
}

function drawWatchLine(
  surface: Surface,
  frame: Frame,
  watches: Watches,
  { watch, y, number }: LineOptions,
): void {
  const { context, paints } = surface;
  const { palette } = paints;
  const left = Math.max(frame.left - 10, frame.xOf(watches.at[watch] ?? 0));
  const right = Math.min(frame.right + 10, frame.xOf(watches.end[watch] ?? 0));
  context.fillStyle = palette.muted;
  context.fillRect(left, y - 0.5, Math.max(1, right - left), 1);
  const first = watches.entryFrom[watch] ?? 0;
  const count = (watches.entryFrom[watch + 1] ?? first) - first;
  const begin = firstWhere(count, (place) => (watches.entryAt[first + place] ?? 0) >= frame.fromUs);
  let lastX = -Infinity;
  for (let place = begin; place < count; place++) {
    const at = watches.entryAt[first + place] ?? 0;
    if (at > frame.toUs) break;
    const type = entryTypes[watches.entryType[first + place] ?? 0];
    const x = frame.xOf(at);
    const isRare = type === 'compacted' || type === 'ended' || type === 'created';
    if (!isRare && x - lastX < 2) continue;
    if (!isRare) lastX = x;
    drawEntry(x, type);
  }
  if (number === undefined) return;
  context.strokeStyle = palette.ring;
  context.lineWidth = 2;
  context.strokeRect(left, y - 6, Math.max(4, right - left), 12);
  context.lineWidth = 1;
  drawBadge(surface, Math.max(frame.left + 10, left), y - 3, String(number));

  function drawEntry(x: number, type: (typeof entryTypes)[number] | undefined): void {
    if (type === 'events') {
      context.fillStyle = palette.ok;
      context.fillRect(x - 1, y - 5, 2, 10);
    } else if (type === 'progress') {
      context.fillStyle = palette.muted;
      context.fillRect(x - 0.5, y - 3, 1, 6);
    } else if (type === 'created') {
      context.strokeStyle = palette.muted;
      context.fillStyle = palette.panel;
      context.beginPath();
      context.arc(x, y, 3, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    } else {
      context.strokeStyle = type === 'compacted' ? palette.bad : palette.muted;
      context.beginPath();
      context.moveTo(x - 3, y - 4);
      context.lineTo(x + 3, y + 4);
      context.moveTo(x - 3, y + 4);
      context.lineTo(x + 3, y - 4);
      context.stroke();
    }
  }
}
