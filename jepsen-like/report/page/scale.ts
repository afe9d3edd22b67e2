const niceFactors = [1, 2, 5];

/** The smallest of 1, 2, 5, 10, 20, 50 … that is at least so much. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * (niceFactors.find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

/** The same for times, which go by sixties above a minute. */
export function niceTimeStep(leastUs: number): number {
  const seconds = [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600].find((s) => s * 1e6 >= leastUs);
  return leastUs <= 5e6 ? Math.max(1, niceStep(leastUs)) : (seconds ?? 3600) * 1e6;
}

/** All multiples of the step in the range. */
export function ticks(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const count = Math.max(0, Math.floor(to / step) - first + 1);
  return Array.from({ length: count }, (_, place) => (first + place) * step);
}

/** The first place from which on `isAtLeast` holds; it must not hold again for less. */
export function firstWhere(count: number, isAtLeast: (place: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAtLeast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
