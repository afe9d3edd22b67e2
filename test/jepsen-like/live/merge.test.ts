import { describe, expect, test } from 'vitest';
import { mergeHistories } from '../../../jepsen-like/live/clients/index.js';
import type { ClientHistory } from '../../../jepsen-like/live/clients/index.js';
import type { Call, Operation, WatchLog } from '../../../jepsen-like/history/index.js';

const ok = { type: 'ok', value: null } as const;

function write(id: number, process: number, invokedUs: number, value: string): Operation {
  return { id, process, invokedUs, completedUs: invokedUs + 5, kind: 'write', key: 'k', value, outcome: ok };
}

function call(id: number, process: number, invokedUs: number): Call {
  return {
    ...{ id, process, invokedUs, completedUs: null, member: 'n1' },
    request: { type: 'put', key: 'k', value: '', lease: '0' },
    outcome: { type: 'unknown', error: 'no answer by the end' },
  };
}

function watch(id: number, process: number, requestedUs: number, resumes: number | null): WatchLog {
  return {
    ...{ id, process, requestedUs, resumes, member: 'n1', key: 'k', rangeEnd: '', startRevision: 0 },
    ...{ prevKv: false, noPut: false, noDelete: false, entries: [] },
  };
}

function history(part: Partial<ClientHistory>): ClientHistory {
  return { operations: [], calls: [], watches: [], ...part };
}

describe('histories of several processes', () => {
  test('become one in order of what was begun first', () => {
    const { operations, calls } = mergeHistories([
      history({ operations: [write(0, 0, 10, 'a'), write(1, 0, 30, 'c')], calls: [call(0, 0, 12)] }),
      history({ operations: [write(0, 0, 20, 'b')], calls: [call(0, 0, 11)] }),
    ]);
    expect(operations.map(({ id, invokedUs }) => [id, invokedUs])).toEqual([
      [0, 10],
      [1, 20],
      [2, 30],
    ]);
    expect(calls.map(({ id, invokedUs }) => [id, invokedUs])).toEqual([
      [0, 11],
      [1, 12],
    ]);
  });

  test('keep their processes apart, and each one the same for operations, calls and watches', () => {
    const { operations, calls, watches } = mergeHistories([
      history({ operations: [write(0, 0, 1, 'a'), write(1, 1, 2, 'b')] }),
      history({
        operations: [write(0, 0, 3, 'c')],
        calls: [call(0, 0, 3), call(1, 1, 5)],
        watches: [watch(0, 1, 6, null)],
      }),
    ]);
    const processes = operations.map(({ process }) => process);
    expect(new Set(processes).size).toBe(3);
    expect(calls[0]?.process).toBe(processes[2]);
    expect(watches[0]?.process).toBe(calls[1]?.process);
    expect(processes).not.toContain(calls[1]?.process);
  });

  test('keep which watch goes on with which', () => {
    const { watches } = mergeHistories([
      history({ watches: [watch(0, 0, 10, null), watch(1, 0, 40, 0)] }),
      history({ watches: [watch(0, 0, 20, null), watch(1, 0, 30, 0)] }),
    ]);
    expect(watches.map(({ id, requestedUs, resumes }) => [id, requestedUs, resumes])).toEqual([
      [0, 10, null],
      [1, 20, null],
      [2, 30, 1],
      [3, 40, 0],
    ]);
  });
});
