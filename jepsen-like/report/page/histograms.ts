/** Bins a decade of latency: a percentile is exact to 5 %. */
export const binsPerDecade = 48;
const decades = 9;
export const binCount = binsPerDecade * decades;

/** The bin of a latency of at least 1 µs; -1: there is none. */
export function binOf(us: number): number {
  if (us < 0) return -1;
  return Math.min(binCount - 1, Math.floor(Math.log10(Math.max(1, us)) * binsPerDecade));
}

/** The middle of a bin, in microseconds. */
export function latencyOf(bin: number): number {
  return 10 ** ((bin + 0.5) / binsPerDecade);
}

/** The bin below which so large a part of what was counted lies; -1: nothing was. `counts` holds one histogram after the other. */
export function percentileBin(counts: Uint32Array, histogram: number, part: number): number {
  const from = histogram * binCount;
  let total = 0;
  for (let bin = 0; bin < binCount; bin++) total += counts[from + bin] ?? 0;
  if (total === 0) return -1;
  let left = Math.ceil(total * part);
  for (let bin = 0; bin < binCount; bin++) {
    left -= counts[from + bin] ?? 0;
    if (left <= 0) return bin;
  }
  return binCount - 1;
}
