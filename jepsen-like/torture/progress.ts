import type { Totals } from './campaign.js';

/** One line that is written over again on a terminal, and now and then a new one elsewhere. */
export interface ProgressLine {
  show(text: string): void;
  /** What is shown stays. */
  end(): void;
}

const intervalMs = 500;
const plainIntervalMs = 15_000;

export function createProgressLine(output: NodeJS.WriteStream): ProgressLine {
  let shownMs = -Infinity;
  let isOpen = false;
  return {
    show(text) {
      const nowMs = performance.now();
      if (nowMs - shownMs < (output.isTTY ? intervalMs : plainIntervalMs)) return;
      shownMs = nowMs;
      isOpen = output.isTTY;
      output.write(output.isTTY ? `\r\u001b[K${text.slice(0, output.columns - 1)}` : `${text}\n`);
    },
    end() {
      if (isOpen) output.write('\n');
      isOpen = false;
    },
  };
}

export function describeTotals(totals: Totals): string {
  const { seeds, simulatedMs, busyMs, operations, faults, marks, failures } = totals;
  const speed = busyMs === 0 ? 0 : simulatedMs / busyMs;
  const faultCount = [...faults.values()].reduce((sum, count) => sum + count, 0);
  return (
    `${seeds} seeds, ${durationText(simulatedMs)} simulated (${speed.toFixed(0)} s a second and thread), ` +
    `${operations} operations, ${faultCount} faults of ${faults.size} kinds, ${marks.size} states reached, ` +
    (failures.length === 0 ? 'nothing found' : `${failures.length} seeds failed`)
  );
}

export function listCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
