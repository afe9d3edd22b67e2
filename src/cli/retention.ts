import type { AutoCompaction } from '../member/index.js';
import { UsageError } from './options.js';

const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** What --auto-compaction-mode and -retention ask for, as a member's configuration has it; empty: keep all history. */
export function autoCompactionOf(
  mode: 'periodic' | 'revision',
  retention: string,
): { readonly autoCompaction?: AutoCompaction } {
  if (/^0+$/.test(retention)) return {};
  if (mode === 'revision') {
    if (!/^\d{1,15}$/.test(retention)) throw unreadable(retention, 'a number of revisions, such as 10000');
    return { autoCompaction: { mode, retentionRevisions: Number(retention) } };
  }
  return { autoCompaction: { mode, retentionMs: readSpanMs(retention) } };
}

/** `90m`, `1h30m`, `10s`; a plain number is hours, as etcd has it. */
function readSpanMs(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text) * 3_600_000;
  if (!/^(\d{1,9}(h|ms|m|s))+$/.test(text)) throw unreadable(text, 'a time, such as 1h or 30m');
  const parts = [...text.matchAll(/(\d+)(h|ms|m|s)/g)];
  const spanMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ''] ?? 0), 0);
  if (spanMs < 1000) throw unreadable(text, 'a second at least');
  return spanMs;
}

function unreadable(given: string, wanted: string): UsageError {
  return new UsageError(`--auto-compaction-retention ${given} must be ${wanted}`);
}
