import { describe, expect, test } from 'vitest';
import { createMarks } from './marks.js';
import { plantedBugs } from './planted-bugs.js';
import { findFailure, runSchedule } from './run.js';
import { parseSchedule, printSchedule } from './scenario.js';
import { Violation } from './violation.js';

/** The seed of the first shard: what it would find within half of its schedules. */
const seed = 20_140_601;
const schedulesMax = 2_500;
const shrunkStepsMax = 30;

describe('The schedules notice when', () => {
  for (const { name, build, caughtBy, inHealing } of plantedBugs) {
    test(name, { timeout: 120_000 }, () => {
      const onlySafety = inHealing !== true;
      const failure = findFailure({ marks: createMarks(), build, seed, schedules: schedulesMax, onlySafety });

      expect(failure, 'the bug is caught').not.toBeNull();
      if (failure === null) return;
      const { error, schedule } = failure;
      expect(caughtBy).toContain(error instanceof Violation ? error.property : error.name);
      expect(schedule.steps.length, printSchedule(schedule)).toBeLessThanOrEqual(shrunkStepsMax);

      const { path } = failure;
      const found = findFailure({
        marks: createMarks(),
        build,
        seed,
        schedules: schedulesMax,
        path,
        onlySafety,
      });
      expect(found?.schedule, 'seed and path lead to it again').toEqual(schedule);

      const sameAgain = parseSchedule(printSchedule(schedule));
      expect(() => {
        runSchedule(sameAgain, { marks: createMarks(), build, onlySafety });
      }).toThrow(error.message);
      runSchedule(sameAgain, { marks: createMarks() }); // Without the bug nothing is wrong with this schedule.
    });
  }
});
