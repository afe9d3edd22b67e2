import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { createMarks } from './marks.js';
import { runSchedule, tellStory } from './run.js';
import { parseSchedule } from './scenario.js';

/*
 * RAFT_SCHEDULE=<file> npx vitest run test/raft/schedules/replay.test.ts
 *
 * Runs one schedule from a file, in the form that a failing test prints, and tells all that happens.
 */
const file = process.env['RAFT_SCHEDULE'];

test.skipIf(file === undefined)('the schedule of RAFT_SCHEDULE', () => {
  const schedule = parseSchedule(readFileSync(file ?? '', 'utf8'));
  console.log(tellStory(schedule, { marks: createMarks() }));
  runSchedule(schedule, { marks: createMarks() });
});
