import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/index.js';
import { filesOf, makeFolder } from '../../storage/index.js';
import type { Env, Timer } from '../env.js';
import type { Member } from '../types.js';
import { backupFileName, ownBackups } from './names.js';
import { writeSnapshot } from './write.js';

/** After a failure; not later than the next one is due anyway. */
const retryMs = 60_000;

export interface BackupOptions {
  /** Made if it is not there. Members may share one, and other files may lie in it. */
  readonly folder: string;
  readonly intervalMs: number;
  /** The latest ones stay. */
  readonly keep: number;
}

export interface Backups {
  /** Ends the one under way; resolves when nothing is written any more. */
  close(): Promise<void>;
}

/**
 * Writes a snapshot of the member to a file every interval, from its own state: the first at once, unless there is one that
 * is not old yet. What fails is logged and tried again; the member does not wait for any of it.
 */
export function startBackups(parts: {
  readonly member: Pick<Member, 'maintenance'>;
  readonly name: string;
  readonly env: Pick<Env, 'after' | 'wallMs' | 'logger'>;
  readonly options: BackupOptions;
}): Backups {
  const { member, name, env, options } = parts;
  const { folder, intervalMs, keep } = options;
  const stopped = new AbortController();
  let timer: Timer | null = null;
  let running: Promise<void> = Promise.resolve();

  async function untilDueMs(): Promise<number> {
    const latest = ownBackups(name, await filesOf(folder)).findLast(({ isPart }) => !isPart);
    if (latest === undefined) return 0;
    // A clock that was set back must not put the next one off for longer than that.
    return Math.min(intervalMs, Math.max(0, latest.timeMs + intervalMs - env.wallMs()));
  }

  async function backUp(): Promise<void> {
    await makeFolder(folder);
    const file = await member.maintenance.snapshotFile();
    const fileName = backupFileName(name, file.revision, env.wallMs());
    await writeSnapshot(join(folder, fileName), file);
    env.logger.info('backed up', { file: fileName, revision: file.revision, bytes: file.sizeBytes });
    const own = ownBackups(name, await filesOf(folder));
    const whole = own.filter(({ isPart }) => !isPart);
    const abandoned = own.filter(({ isPart }) => isPart);
    for (const old of [...whole.slice(0, -keep), ...abandoned]) await rm(join(folder, old.fileName));
  }

  async function run(): Promise<void> {
    let nextMs = Math.min(intervalMs, retryMs);
    try {
      await backUp();
      nextMs = intervalMs;
    } catch (error) {
      if (!stopped.signal.aborted) env.logger.warn('a backup failed', { reason: messageOf(error), nextMs });
    }
    schedule(nextMs);
  }

  function schedule(delayMs: number): void {
    if (stopped.signal.aborted) return;
    timer = env.after(delayMs, () => {
      running = run();
    });
  }

  running = untilDueMs().then(schedule, (error: unknown) => {
    env.logger.warn('the backups cannot be looked at', { reason: messageOf(error) });
    schedule(0);
  });
  return {
    async close() {
      stopped.abort();
      timer?.cancel();
      await running;
    },
  };
}
