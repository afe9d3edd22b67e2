import { afterEach, expect, it, vi } from 'vitest';
import { createUnreadAnswers } from '../../src/api/unread-answers.js';

const KiB = 1024;

afterEach(() => vi.useRealTimers());

function hundredKibibytes(): {
  readonly admit: (sizeBytes: number, name: string) => (() => void) | null;
  readonly cut: string[];
  readonly total: () => number;
} {
  vi.useFakeTimers();
  const answers = createUnreadAnswers({ sizeBytesMax: 100 * KiB, graceMs: 1000 });
  const cut: string[] = [];
  return {
    admit: (sizeBytes, name) => answers.admit(sizeBytes, () => void cut.push(name)),
    cut,
    total: () => answers.sizeBytes,
  };
}

it('Unread answers are kept up to the bound, and those that have been read make room', () => {
  const { admit, total } = hundredKibibytes();
  const read = admit(60 * KiB, 'a');
  expect(admit(60 * KiB, 'b')).toBeNull();
  expect(admit(40 * KiB, 'c')).not.toBeNull();
  read?.();
  read?.();
  expect(total()).toBe(40 * KiB);
  expect(admit(60 * KiB, 'b')).not.toBeNull();
});

it('Unread answers whose clients have had time are cut for new ones, the oldest first, and no more than needed', () => {
  const { admit, cut } = hundredKibibytes();
  admit(40 * KiB, 'a');
  vi.advanceTimersByTime(600);
  admit(30 * KiB, 'b');
  admit(30 * KiB, 'c');
  vi.advanceTimersByTime(600);
  expect(admit(40 * KiB, 'd')).not.toBeNull();
  expect(cut).toEqual(['a']);
  // B and C have not had theirs yet.
  expect(admit(10 * KiB, 'e')).toBeNull();
  vi.advanceTimersByTime(600);
  expect(admit(40 * KiB, 'f')).not.toBeNull();
  expect(cut).toEqual(['a', 'b', 'c']);
});

it('Unread answers larger than the bound wait alone; the smallest are not counted', () => {
  const { admit, total } = hundredKibibytes();
  const read = admit(500 * KiB, 'a');
  expect(read).not.toBeNull();
  expect(admit(5 * KiB, 'b')).toBeNull();
  expect(admit(KiB, 'c')).not.toBeNull();
  read?.();
  expect(total()).toBe(0);
});
