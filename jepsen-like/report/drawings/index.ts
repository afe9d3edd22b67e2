import { unreachable } from '../../../src/base/index.js';
import type { Anomaly } from '../../checkers/types.js';
import type { Html } from '../html.js';
import type { Known } from '../known.js';
import { drawCycle } from './cycle.js';
import { drawLinearization } from './linearization.js';
import { drawOrderOfTime } from './order-of-time.js';
import { drawWatch } from './watch.js';

/** Null: there is nothing that can be drawn. */
export function drawAnomaly(anomaly: Anomaly, known: Known): Html | null {
  const { drawing } = anomaly;
  if (drawing === null) return drawOrderOfTime(anomaly, known);
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
