/**
 * Latencies in whole microseconds, counted in buckets that are exact below 256 µs and at most 0.8 % wide above, up to
 * 2^31 µs: as HdrHistogram does it. Recording costs a few instructions.
 */
export interface Histogram {
  record(valueUs: number): void;
  readonly count: number;
  readonly maxUs: number;
  readonly meanUs: number;
  /** The middle of the bucket below whose end lie `fraction` of the values; NaN without values. */
  quantileUs(fraction: number): number;
  merge(other: Histogram): void;
  toPlain(): PlainHistogram;
}

/** As messages and files have it: numbers of the buckets that hold anything, each followed by its count. */
export interface PlainHistogram {
  readonly maxUs: number;
  readonly sumUs: number;
  readonly buckets: readonly number[];
}

const exactBits = 8;
const exact = 1 << exactBits;
const half = exact >> 1;
const valueMax = 2 ** 31 - 1;
const bucketCount = exact + (31 - exactBits) * half;

export function createHistogram(plain?: PlainHistogram): Histogram {
  const counts = new Float64Array(bucketCount);
  let count = 0;
  let sumUs = 0;
  let maxUs = 0;
  if (plain !== undefined) add(plain);

  function add(other: PlainHistogram): void {
    for (let at = 0; at + 1 < other.buckets.length; at += 2) {
      const bucket = other.buckets[at] ?? -1;
      const more = other.buckets[at + 1] ?? 0;
      if (bucket < 0 || bucket >= bucketCount) throw new Error(`a histogram has no bucket ${bucket}`);
      counts[bucket] = (counts[bucket] ?? 0) + more;
      count += more;
    }
    sumUs += other.sumUs;
    maxUs = Math.max(maxUs, other.maxUs);
  }

  function toPlain(): PlainHistogram {
    const buckets: number[] = [];
    counts.forEach((each, bucket) => {
      if (each > 0) buckets.push(bucket, each);
    });
    return { maxUs, sumUs, buckets };
  }

  return {
    record(valueUs) {
      const value = valueUs > valueMax ? valueMax : valueUs > 0 ? Math.round(valueUs) : 0;
      const bucket = bucketOf(value);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      count++;
      sumUs += value;
      if (value > maxUs) maxUs = value;
    },
    get count() {
      return count;
    },
    get maxUs() {
      return maxUs;
    },
    get meanUs() {
      return count === 0 ? Number.NaN : sumUs / count;
    },
    quantileUs(fraction) {
      if (count === 0) return Number.NaN;
      const rank = Math.max(1, Math.ceil(count * fraction));
      let seen = 0;
      for (let bucket = 0; bucket < bucketCount; bucket++) {
        seen += counts[bucket] ?? 0;
        if (seen >= rank) return Math.min(middleOf(bucket), maxUs);
      }
      return maxUs;
    },
    merge: (other) => add(other.toPlain()),
    toPlain,
  };
}

/** Above the exact ones, each power of two has `half` buckets. */
function bucketOf(value: number): number {
  if (value < exact) return value;
  const shift = 32 - exactBits - Math.clz32(value);
  return exact + (shift - 1) * half + ((value >>> shift) - half);
}

function middleOf(bucket: number): number {
  if (bucket < exact) return bucket;
  const shift = Math.floor((bucket - exact) / half) + 1;
  const from = (((bucket - exact) % half) + half) * 2 ** shift;
  return from + 2 ** (shift - 1);
}

/** Fractions of the values, and up to where they reach: for plots. */
export function distributionOf(histogram: Histogram): readonly { fraction: number; us: number }[] {
  const fractions = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999];
  const enough = fractions.filter((fraction) => histogram.count * (1 - fraction) >= 1);
  const points = enough.map((fraction) => ({ fraction, us: histogram.quantileUs(fraction) }));
  return [...points, { fraction: 1 - 1 / Math.max(2, histogram.count), us: histogram.maxUs }];
}
