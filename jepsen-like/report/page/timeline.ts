import { drawInGutter, drawTimeLines, drawTimeNames } from './axis.js';
import type { Lane, Marked } from './lane.js';
import { clientLanes } from './lane-clients.js';
import { faultLanes } from './lane-faults.js';
import { memberLanes } from './lane-members.js';
import { watchLanes } from './lane-watches.js';
import type { Hit, Plot } from './plot.js';
import type { Run } from './run.js';
import type { Shade } from './shade.js';
import { createSurface, within } from './surface.js';
import type { Frame } from './surface.js';

const axisPx = 20;
const groupPx = 20;

export interface Timeline extends Plot {
  /** Chooses the lane above or below, for the keys. */
  chooseLane(direction: 1 | -1): string;
  /** What comes before or after in the chosen lane. */
  step(frame: Frame, us: number, direction: 1 | -1): Hit | null;
  /** The first of what is marked, to be brought into sight; null: nothing is. */
  topOfMarked(): number | null;
}

interface Placed {
  readonly lane: Lane;
  readonly y: number;
  /** Begins a group: its name stands above. */
  readonly group: string | null;
}

export function createTimeline(run: Run, shade: Shade, marked: () => Marked): Timeline {
  const surface = createSurface('timeline');
  const { placed, height } = placeLanes([
    ...faultLanes(run),
    ...memberLanes(run),
    ...clientLanes(run, marked),
    ...watchLanes(run, marked),
  ]);
  surface.canvas.style['height'] = `${height}px`;
  let chosen = -1;

  return {
    surface,
    draw(frame) {
      surface.clear();
      const { context, paints } = surface;
      within(surface, frame, () => {
        shade.draw(surface, frame);
        drawTimeLines(surface, frame);
      });
      drawTimeNames(surface, frame, 9);
      drawTimeNames(surface, frame, surface.height - 9);
      placed.forEach(({ lane, y, group }, place) => {
        if (group !== null) {
          context.fillStyle = paints.palette.muted;
          context.fillText(group, 8, y - 9);
          context.fillStyle = paints.palette.line;
          context.fillRect(context.measureText(group).width + 16, y - 9, frame.right, 1);
        }
        if (place === chosen) {
          context.fillStyle = paints.palette.accent;
          context.fillRect(0, y + 2, 3, lane.height - 4);
        }
        if (lane.name !== '') drawInGutter(surface, frame, lane.name, y + 12);
        within(surface, frame, () => lane.draw(surface, frame, y));
      });
    },
    hit(frame, x, y) {
      if (x < frame.left || x > frame.right) return null;
      const found = placed.find((each) => y >= each.y && y < each.y + each.lane.height);
      return found?.lane.hit(frame, x, y - found.y, found.y) ?? null;
    },
    chooseLane(direction) {
      chosen = (chosen + direction + placed.length + (chosen < 0 && direction < 0 ? 1 : 0)) % placed.length;
      const lane = placed[chosen]?.lane;
      return lane === undefined ? '' : `${lane.group} ${lane.name}`.trim();
    },
    step(frame, us, direction) {
      const found = placed[Math.max(0, chosen)];
      return found?.lane.neighbour(frame, us, direction, found.y) ?? null;
    },
    topOfMarked: () => placed.find(({ lane }) => lane.hasMarked())?.y ?? null,
  };
}

function placeLanes(lanes: readonly Lane[]): { readonly placed: readonly Placed[]; readonly height: number } {
  let y = axisPx;
  let last = '';
  const placed = lanes.map((lane) => {
    const group = lane.group === last ? null : lane.group;
    last = lane.group;
    if (group !== null) y += groupPx;
    const at = { lane, y, group };
    y += lane.height;
    return at;
  });
  return { placed, height: y + axisPx + 6 };
}
