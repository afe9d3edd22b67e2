import { messageOf, QuorateError } from '../base/index.js';
import type { Revision } from '../mvcc/index.js';
import type { MemberContext } from './context.js';

/** How much history a cluster keeps by itself. */
export type AutoCompaction =
  /** All changes of the last so many milliseconds. */
  | { readonly mode: 'periodic'; readonly retentionMs: number }
  /** The last so many revisions. */
  | { readonly mode: 'revision'; readonly retentionRevisions: number };

/** As etcd: history by time is looked at ten times in its span, or in an hour if it is longer. */
const looksPerSpan = 10;
const spanMsMax = 3_600_000;
const revisionIntervalMs = 300_000;

interface Sample {
  readonly atMs: number;
  readonly revision: Revision;
}

/**
 * Gives up history on its own, while this member leads. Samples are taken whether it leads or not, so that a new leader
 * knows the past too.
 */
export function startAutoCompaction(context: MemberContext, settings: AutoCompaction | null): void {
  if (settings === null) return;
  const { env, core, driver, state, propose } = context;
  const intervalMs =
    settings.mode === 'periodic'
      ? Math.min(settings.retentionMs, spanMsMax) / looksPerSpan
      : revisionIntervalMs;
  let samples: Sample[] = [];
  let stopped = false;
  let timer = env.after(intervalMs, look);
  driver.observe({
    stopped() {
      stopped = true;
      timer.cancel();
    },
  });

  /** Up to where history may go now, or null. */
  function target(): Revision | null {
    const { revision } = state.machine;
    if (settings?.mode === 'revision') return revision - settings.retentionRevisions;
    const bornBeforeMs = env.monotonicMs() - (settings?.retentionMs ?? 0);
    const old = samples.filter(({ atMs }) => atMs <= bornBeforeMs).at(-1);
    samples = samples.filter((sample) => sample === old || sample.atMs > bornBeforeMs);
    samples.push({ atMs: env.monotonicMs(), revision });
    return old?.revision ?? null;
  }

  function look(): void {
    if (stopped) return;
    timer = env.after(intervalMs, look);
    const revision = target();
    if (revision === null || revision <= Math.max(state.machine.compactRevision, 1)) return;
    if (core.role !== 'leader') return;
    propose({ type: 'compact', revision, physical: false }, 'compact', 'trusted').then(
      () => env.logger.info('compacted by itself', { revision }),
      (error: unknown) => {
        const isDone = error instanceof QuorateError && error.code === 'compacted';
        if (!isDone) env.logger.warn('could not compact', { revision, reason: messageOf(error) });
      },
    );
  }
}
