import { formatDuration, formatTime } from './format.js';
import type { Lane } from './lane.js';
import type { Hit } from './plot.js';
import type { Run } from './run.js';
import { fitted } from './spans.js';
import type { Frame } from './surface.js';

const barPx = 16;
const nearPx = 5;
const textFromPx = 26;

/** What was done to the cluster; what overlaps lies in rows of its own. */
export function faultLanes(run: Run): Lane[] {
  return Array.from({ length: run.faults.rows }, (_, row) => faultLane(run, row));
}

function faultLane({ faults, texts, endUs }: Run, row: number): Lane {
  const items = faults.row.flatMap((each, fault) => (each === row ? [fault] : []));
  const atOf = (fault: number): number => faults.at[fault] ?? 0;
  const lengthOf = (fault: number): number => Math.max(0, faults.length[fault] ?? 0);

  function extent(frame: Frame, fault: number): { readonly left: number; readonly right: number } {
    return { left: frame.xOf(atOf(fault)), right: frame.xOf(atOf(fault) + lengthOf(fault)) };
  }

  function hitOf(frame: Frame, fault: number, y: number): Hit {
    const { left, right } = extent(frame, fault);
    const length = lengthOf(fault);
    const end = length > 0 ? ` to ${formatTime(atOf(fault) + length, 1000)}, ${formatDuration(length)}` : '';
    return {
      lines: [
        { style: 'strong', text: texts[faults.kind[fault] ?? 0] ?? '' },
        { style: 'text', text: texts[faults.text[fault] ?? 0] ?? '' },
        { style: 'plain', text: `${formatTime(atOf(fault), 1000)}${end}` },
      ],
      box: {
        x: Math.max(frame.left, left) - 4,
        y: y + 1,
        width: Math.max(8, right - left + 8),
        height: barPx + 4,
      },
      atUs: atOf(fault),
      lengthUs: length,
    };
  }

  return {
    name: '',
    group: 'faults',
    height: barPx + 5,
    draw({ context, paints: { palette } }, frame, y) {
      items.forEach((fault, place) => {
        const { left, right } = extent(frame, fault);
        const next = items[place + 1];
        const nextX = frame.xOf(next === undefined ? endUs * 2 : atOf(next));
        if (left > frame.right || (right < frame.left && nextX < frame.left)) return;
        const isInstant = lengthOf(fault) === 0;
        const top = y + 3;
        context.strokeStyle = palette.fault;
        if (isInstant) {
          context.fillStyle = palette.fault;
          context.beginPath();
          context.moveTo(left, top + 3);
          context.lineTo(left + 5, top + 8);
          context.lineTo(left, top + 13);
          context.lineTo(left - 5, top + 8);
          context.closePath();
          context.fill();
        } else {
          const from = Math.max(left, frame.left - 10);
          const width = Math.max(2, Math.min(right, frame.right + 10) - from - 1);
          context.fillStyle = palette['fault-shade'];
          context.fillRect(from, top, width, barPx);
          context.strokeRect(Math.round(from) + 0.5, top + 0.5, width, barPx - 1);
        }
        const textLeft = Math.max(frame.left, left) + (isInstant ? 8 : 4);
        const room = Math.min(nextX - 4, frame.right, isInstant ? Infinity : right) - textLeft - 2;
        if (room < textFromPx || right < frame.left) return;
        context.fillStyle = palette.ink;
        const full = texts[faults.text[fault] ?? 0] ?? '';
        const short = texts[faults.kind[fault] ?? 0] ?? '';
        const fits = context.measureText(full).width <= room;
        context.fillText(fits ? full : fitted(context, short, room), textLeft, top + barPx / 2 + 0.5);
      });
    },
    hit(frame, x, _inLane, y) {
      const found = items.findLast((fault) => {
        const { left, right } = extent(frame, fault);
        return x >= left - nearPx && x <= right + nearPx;
      });
      return found === undefined ? null : hitOf(frame, found, y);
    },
    hasMarked: () => false,
    neighbour(frame, us, direction, y) {
      const found =
        direction === 1
          ? items.find((fault) => atOf(fault) > us)
          : items.findLast((fault) => atOf(fault) < us);
      return found === undefined ? null : hitOf(frame, found, y);
    },
  };
}
