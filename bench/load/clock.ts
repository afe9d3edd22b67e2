const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds on a clock that never steps and that all processes of this machine share. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}
