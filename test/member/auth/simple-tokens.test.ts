import { describe, expect, test } from 'vitest';
import { createSimpleTokens, createTokenPrefix, indexOfToken } from '../../../src/member/auth/index.js';
import type { SimpleTokens } from '../../../src/member/auth/index.js';

interface Clock {
  nowMs: number;
}

function createTokens(sizeMax = 100): { readonly clock: Clock; readonly tokens: SimpleTokens } {
  const clock = { nowMs: 1000 };
  return { clock, tokens: createSimpleTokens({ ttlMs: 300, nowMs: () => clock.nowMs, sizeMax }) };
}

describe('simple tokens', () => {
  test('are good until their time is over', () => {
    const { clock, tokens } = createTokens();
    tokens.add('t', 'ann');
    clock.nowMs += 299;
    expect(tokens.userOf('t')).toBe('ann');
    clock.nowMs += 300;
    expect(tokens.userOf('t')).toBeUndefined();
    expect(tokens.size).toBe(0);
  });

  test('begin their time anew whenever they are used', () => {
    const { clock, tokens } = createTokens();
    tokens.add('t', 'ann');
    for (let use = 0; use < 10; use++) {
      clock.nowMs += 200;
      expect(tokens.userOf('t')).toBe('ann');
    }
  });

  test('of one user live side by side, and go together', () => {
    const { tokens } = createTokens();
    tokens.add('a1', 'ann');
    tokens.add('b1', 'bob');
    tokens.add('a2', 'ann');
    expect(['a1', 'a2'].map((token) => tokens.userOf(token))).toEqual(['ann', 'ann']);
    tokens.dropOf('ann');
    expect(['a1', 'a2', 'b1'].map((token) => tokens.userOf(token))).toEqual([undefined, undefined, 'bob']);
    tokens.dropAll();
    expect(tokens.size).toBe(0);
  });

  test('that nobody uses any more leave when others come', () => {
    const { clock, tokens } = createTokens();
    for (let each = 0; each < 50; each++) tokens.add(`old${each}`, 'ann');
    clock.nowMs += 300;
    tokens.add('new', 'ann');
    expect(tokens.size).toBe(1);
  });

  test('are bounded: the one that was not used for longest makes room', () => {
    const { tokens } = createTokens(3);
    for (const token of ['a', 'b', 'c']) tokens.add(token, 'ann');
    expect(tokens.userOf('a')).toBe('ann');
    tokens.add('d', 'ann');
    expect(['a', 'b', 'c', 'd'].map((token) => tokens.userOf(token) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  test('begin with 16 letters, each as likely as the others', () => {
    let next = 0;
    const everyByte = (sizeBytes: number): Uint8Array =>
      Uint8Array.from({ length: sizeBytes }, () => next++ % 256);
    const counts = new Map<string, number>();
    for (let each = 0; each < 52 * 4; each++) {
      const prefix = createTokenPrefix(everyByte);
      expect(prefix).toMatch(/^[a-zA-Z]{16}$/);
      for (const letter of Array.from(prefix)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(52);
    const least = Math.min(...counts.values());
    expect(Math.max(...counts.values()) / least).toBeLessThan(1.1);
  });

  test('tell the log index that made them known', () => {
    expect(indexOfToken('abcdefghijklmnop.29')).toBe(29);
    expect(indexOfToken('.0')).toBe(0);
    for (const other of ['', 'abc', 'a.b', 'a.1.2', 'a.-1', 'a.1e3', `a.${'9'.repeat(17)}`, 'a. 1']) {
      expect(indexOfToken(other)).toBeNull();
    }
  });
});
