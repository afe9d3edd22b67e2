import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHistogram, distributionOf } from '../../bench/load/histogram.js';

const valuesUs = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
  { minLength: 1, maxLength: 300 },
);

/** What the histogram must come close to. */
function exactQuantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(values.length * fraction)) - 1] ?? Number.NaN;
}

function histogramOf(values: readonly number[]): ReturnType<typeof createHistogram> {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('a histogram of latencies', () => {
  test('is exact below 256 µs', () => {
    for (let value = 0; value < 256; value++) expect(histogramOf([value]).quantileUs(0.5)).toBe(value);
  });

  test('gives every quantile to within 0.8 %', () => {
    fc.assert(
      fc.property(valuesUs, fc.double({ min: 0, max: 1, noNaN: true }), (values, fraction) => {
        const exact = exactQuantile(values, fraction);
        expect(Math.abs(histogramOf(values).quantileUs(fraction) - exact)).toBeLessThanOrEqual(exact * 0.008);
      }),
    );
  });

  test('knows count, mean and the largest value exactly', () => {
    fc.assert(
      fc.property(valuesUs, (values) => {
        const histogram = histogramOf(values);
        expect(histogram.count).toBe(values.length);
        expect(histogram.maxUs).toBe(Math.max(...values));
        const sum = values.reduce((total, value) => total + value, 0);
        expect(histogram.meanUs).toBeCloseTo(sum / values.length, 3);
      }),
    );
  });

  test('is the same whether merged from parts or recorded as one, and after a way through JSON', () => {
    fc.assert(
      fc.property(valuesUs, valuesUs, (first, second) => {
        const merged = histogramOf(first);
        merged.merge(histogramOf(second));
        const whole = histogramOf([...first, ...second]);
        expect(merged.toPlain()).toEqual(whole.toPlain());
        const text = JSON.stringify(whole.toPlain());
        expect(createHistogram(JSON.parse(text) as ReturnType<typeof whole.toPlain>).toPlain()).toEqual(
          whole.toPlain(),
        );
      }),
    );
  });

  test('has no quantile without values', () => {
    expect(createHistogram().quantileUs(0.5)).toBeNaN();
    expect(createHistogram().meanUs).toBeNaN();
  });

  test('takes what is longer than half an hour for that long', () => {
    expect(histogramOf([2 ** 40]).maxUs).toBe(2 ** 31 - 1);
  });

  test('refuses buckets that it does not have', () => {
    expect(() => createHistogram({ maxUs: 1, sumUs: 1, buckets: [1_000_000, 1] })).toThrow('no bucket');
  });

  test('is drawn up to its largest value, and no deeper than there are values', () => {
    const points = distributionOf(histogramOf(Array.from({ length: 100 }, (_, index) => index)));
    expect(points.at(-1)).toEqual({ fraction: 0.99, us: 99 });
    expect(points.every(({ fraction }) => fraction <= 0.99)).toBe(true);
  });
});
