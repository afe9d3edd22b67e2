import { describe, expect, test } from 'vitest';
import { countGuardedUpdates } from '../../../jepsen-like/live/unfenced.js';
import type { Operation } from '../../../jepsen-like/history/index.js';

function add(element: number, atUs: number, { fenced = false, isKnown = true } = {}): Operation {
  const set = fenced ? 'fenced' : 'plain';
  const times = { id: element, process: 0, invokedUs: atUs, completedUs: atUs + 5 };
  const outcome = isKnown
    ? ({ type: 'ok', value: null } as const)
    : ({ type: 'unknown', error: 'it took too long' } as const);
  return { ...times, kind: 'guarded-add', set, element, fence: element, fenced, outcome };
}

function read(set: string, elements: readonly number[], atUs: number): Operation {
  const times = { id: 1000 + atUs, process: 1, invokedUs: atUs, completedUs: atUs + 5 };
  return { ...times, kind: 'elements', set, outcome: { type: 'ok', value: { elements } } };
}

describe('updates under a lock', () => {
  test('that were acknowledged and are not there at the end are lost', () => {
    const counts = countGuardedUpdates([
      add(1, 10),
      add(2, 20),
      add(3, 30, { fenced: true }),
      read('plain', [2], 100),
      read('fenced', [3], 100),
    ]);
    expect(counts).toEqual({
      plain: { acknowledged: 2, lost: 1 },
      fenced: { acknowledged: 1, lost: 0 },
    });
  });

  test('are judged by the last read, and only those before it', () => {
    const counts = countGuardedUpdates([
      add(1, 10),
      read('plain', [], 11),
      read('plain', [1], 100),
      add(2, 98),
      add(3, 200),
    ]);
    expect(counts.plain).toEqual({ acknowledged: 1, lost: 0 });
  });

  test('of which nobody knows what became are not counted', () => {
    const counts = countGuardedUpdates([add(1, 10, { isKnown: false }), read('plain', [], 100)]);
    expect(counts.plain).toEqual({ acknowledged: 0, lost: 0 });
  });
});
