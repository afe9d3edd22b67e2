import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import { some } from '../../../src/base/index.js';
import { createMarks } from '../schedules/marks.js';
import { plantedBugs } from '../schedules/planted-bugs.js';
import { runSchedule } from '../schedules/run.js';
import { parseSchedule } from '../schedules/scenario.js';

/** Schedules that once failed, each with its story at its head. Their form is explained in ../schedules/README.md. */
const folder = new URL('.', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));

describe('Schedules that once failed keep every promise:', () => {
  test.each(files)('%s', (file) => {
    runSchedule(parseSchedule(readFileSync(new URL(file, folder), 'utf8')), { marks: createMarks() });
  });
});

/** Reliable disks aside: one that went back must not make two members shout at each other as fast as the network is. */
test('A peer that refuses what it had acknowledged is asked again once a heartbeat', () => {
  const bug = plantedBugs.find(({ name }) => name === 'a restart loses the last entry');
  const { build } = some(bug, 'the planted bug exists');
  const schedule = parseSchedule(`
    seed=0 members=4 voters=4 electionTicks=3 inflightMessages=4096 appendBytes=4096 uncommittedBytes=4096
    campaign 1
    receive 0 0
    receive 2 0
    receive 1 0
    receive 0 0
    receive 2 0
    receive 1 0
    receive 2 0
    crash 2 0
    propose leader 0
    restart 2
    rounds 1`);
  runSchedule(schedule, { marks: createMarks(), build, onlySafety: true });
});
