import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import { createMarks } from '../schedules/marks.js';
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
