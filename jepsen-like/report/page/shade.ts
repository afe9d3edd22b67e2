import type { PackedFaults } from './packed.js';
import { firstWhere } from './scale.js';
import type { Frame, Surface } from './surface.js';

/** When something was being done to the cluster: what overlaps is one. */
export interface Shade {
  draw(surface: Surface, frame: Frame): void;
}

export function createShade({ at, length }: PackedFaults): Shade {
  const from: number[] = [];
  const to: number[] = [];
  const instants: number[] = [];
  at.forEach((us, fault) => {
    const long = length[fault] ?? -1;
    if (long <= 0) {
      instants.push(us);
      return;
    }
    const last = to.length - 1;
    if (us <= (to[last] ?? -Infinity)) to[last] = Math.max(to[last] ?? 0, us + long);
    else {
      from.push(us);
      to.push(us + long);
    }
  });
  return {
    draw({ context, height, paints: { palette } }, frame) {
      context.fillStyle = palette['fault-shade'];
      const first = firstWhere(to.length, (place) => (to[place] ?? 0) >= frame.fromUs);
      for (let place = first; place < from.length; place++) {
        const start = from[place] ?? 0;
        if (start > frame.toUs) break;
        const x = frame.xOf(Math.max(start, frame.fromUs));
        const end = frame.xOf(Math.min(to[place] ?? 0, frame.toUs));
        context.fillRect(x, 0, Math.max(1, end - x), height);
      }
      drawInstants();

      function drawInstants(): void {
        context.strokeStyle = palette.fault;
        context.globalAlpha = 0.45;
        context.setLineDash([2, 3]);
        context.beginPath();
        let lastX = -Infinity;
        const begin = firstWhere(instants.length, (place) => (instants[place] ?? 0) >= frame.fromUs);
        for (let place = begin; place < instants.length; place++) {
          const us = instants[place] ?? 0;
          if (us > frame.toUs) break;
          const x = Math.round(frame.xOf(us)) + 0.5;
          if (x - lastX < 3) continue;
          lastX = x;
          context.moveTo(x, 0);
          context.lineTo(x, height);
        }
        context.stroke();
        context.setLineDash([]);
        context.globalAlpha = 1;
      }
    },
  };
}
