/** `1.234 s`, `12.3 ms`, `870 µs`: a length of time, to three figures. */
export function formatDuration(us: number): string {
  if (us < 1000) return `${round(us)} µs`;
  if (us < 1_000_000) return `${round(us / 1000)} ms`;
  if (us < 120_000_000) return `${round(us / 1_000_000)} s`;
  return `${Math.floor(us / 60_000_000)} min ${Math.round((us / 1_000_000) % 60)} s`;
}

/** A point in time since the run began, exact to `stepUs`: `12.345 s`; in steps of half a minute and more `3:30 min`. */
export function formatTime(us: number, stepUs: number): string {
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(stepUs / 1_000_000) - 1e-9)));
  if (stepUs >= 30_000_000) {
    const seconds = Math.round(us / 1_000_000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
  }
  return `${(us / 1_000_000).toFixed(digits)} s`;
}

/** `12,345`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A number and its noun: `1 fault`, `1,200 faults`. */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function round(number: number): string {
  const digits = number < 10 ? 2 : number < 100 ? 1 : 0;
  return String(Number(number.toFixed(digits)));
}
