import { messageOf, QuorateError } from '../base/index.js';
import type { MemberContext } from './context.js';

/** The store's size on disk is asked for no more often than this. */
const measureIntervalMs = 1000;

/** Guards the space that the store may take. */
export interface SpaceKeeper {
  /** Errors: `no-space` while that alarm is raised, or when the store has reached its quota, which raises it. */
  requireSpace(): void;
  /**
   * Errors: `no-space` when the store has reached its quota. The alarm alone is found when a command is applied, after all
   * else that may be wrong with a request, as in etcd.
   */
  requireRoom(): void;
}

export interface SpaceMeter extends SpaceKeeper {
  /** Space was given back: what the next requests are held against is measured anew. */
  remeasure(): Promise<void>;
}

/**
 * Compares what the store takes with the quota, at next to no cost for each request: the size was measured a moment ago;
 * once what was applied since could have filled it up, it is measured again, and the alarm raised when it has. Without a
 * quota (0 bytes) only the alarm counts.
 */
export function createSpaceKeeper(context: MemberContext): SpaceMeter {
  const { config, env, core, driver, state } = context;
  const { quotaSizeBytes } = config.limits;
  const { id: memberId } = core.status();
  let measuredSizeBytes = 0;
  /** When the latest measurement began, and when the latest that came to its end did. */
  let measuredAtMs = Number.NEGATIVE_INFINITY;
  let knownAtMs = Number.NEGATIVE_INFINITY;
  let isMeasuring = false;
  /** Somebody wants to write more than seems to fit. */
  let isWanted = false;
  /** What was applied since the last measurement began. */
  let addedSizeBytes = 0;
  let unflushedBefore = 0;
  let isRaising = false;
  let stopped = false;

  function noteGrowth(): void {
    const { unflushedSizeBytes } = state.machine;
    addedSizeBytes += Math.max(0, unflushedSizeBytes - unflushedBefore);
    unflushedBefore = unflushedSizeBytes;
    const isDue = env.monotonicMs() - measuredAtMs >= measureIntervalMs;
    if (quotaSizeBytes > 0 && isDue && !isMeasuring) measure().catch(fail);
  }

  async function measure(): Promise<void> {
    isMeasuring = true;
    measuredAtMs = env.monotonicMs();
    addedSizeBytes = state.machine.unflushedSizeBytes;
    const { total } = await context.read((machine) => machine.sizeBytes());
    measuredSizeBytes = total;
    knownAtMs = env.monotonicMs();
    isMeasuring = false;
    if (isFull() && isWanted) raise();
    isWanted = false;
  }

  function isFull(): boolean {
    return quotaSizeBytes > 0 && measuredSizeBytes >= quotaSizeBytes;
  }

  function looksFull(): boolean {
    return quotaSizeBytes > 0 && measuredSizeBytes + addedSizeBytes >= quotaSizeBytes;
  }

  function fail(error: unknown): void {
    isMeasuring = false;
    isWanted = false;
    if (!stopped) env.logger.warn('the size of the store is unknown', { reason: messageOf(error) });
  }

  function raise(): void {
    if (isRaising) return;
    isRaising = true;
    const sizeBytes = measuredSizeBytes;
    env.logger.error('the store has reached its quota: writes are refused', { sizeBytes, quotaSizeBytes });
    const command = { type: 'alarm', action: 'activate', memberId, alarm: 'no-space' } as const;
    const settled = (): void => {
      isRaising = false;
    };
    context.propose(command, 'alarm', 'trusted').then(settled, settled); // The next request would raise it again.
  }

  driver.observe({
    turnApplied: noteGrowth,
    applied({ command }) {
      if (command.type === 'alarm' && !isMeasuring) measure().catch(fail);
    },
    stateReplaced() {
      unflushedBefore = 0;
      measuredAtMs = Number.NEGATIVE_INFINITY;
    },
    stopped: () => (stopped = true),
  });
  noteGrowth();

  function requireRoom(): void {
    if (!looksFull()) return;
    // It may have shrunk since, or been packed more tightly than what was added: an alarm stays until somebody ends it.
    isWanted = true;
    if (!isMeasuring) measure().catch(fail);
    // Who is refused finds the alarm that says why. What was measured long ago refuses nobody: one write more does no harm.
    const isRecent = env.monotonicMs() - knownAtMs < measureIntervalMs;
    if (!isFull() || !isRecent) return;
    raise();
    throw new QuorateError('no-space');
  }

  return {
    requireSpace() {
      if (state.machine.alarms.some(({ alarm }) => alarm === 'no-space')) throw new QuorateError('no-space');
      requireRoom();
    },
    requireRoom,
    remeasure: measure,
  };
}
