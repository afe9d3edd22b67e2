/** Microseconds since `baseUs` of CLOCK_MONOTONIC: what one process calls earlier is earlier for all of the machine. */
export function monotonicUs(baseUs: number): number {
  return Number(process.hrtime.bigint() / 1000n) - baseUs;
}
