import { unreachable } from '../../../src/base/index.js';
import type { Drawing } from '../../checkers/types.js';
import type { Html } from '../html.js';
import type { Known } from '../known.js';
import { drawCycle } from './cycle.js';
import { drawLinearization } from './linearization.js';
import { drawWatch } from './watch.js';

export function drawAnomaly(drawing: Drawing, known: Known): Html {
  switch (drawing.type) {
    case 'cycle':
      return drawCycle(drawing, known);
    case 'linearization':
      return drawLinearization(drawing, known);
    case 'watch':
      return drawWatch(drawing);
    default:
      return unreachable(drawing);
  }
}
