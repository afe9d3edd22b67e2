import { inPieces, planFile } from '../bbolt/index.js';
import { QuorateError, some } from '../base/index.js';
import { readStateMeta, readStateTables } from '../mvcc/index.js';
import type { Caller, StateMachine, StateMeta } from '../mvcc/index.js';
import type { StoreSnapshot } from '../storage/index.js';
import type { MemberContext } from './context.js';
import { contentOf } from './etcd-file/index.js';
import { refuse } from './outcome.js';
import type { SnapshotFile } from './types.js';

/** Each holds a point in time of the store, and the disk space that has come free since. */
export const snapshotFilesMax = 4;
const pieceSizeBytes = 32 * 1024;
/** How often history may be given up anew while a point in time is sought at which that is done. */
const attemptsMax = 10;

/** Something that goes on for a while, and has to end when the member stops. */
interface Lifetime {
  /** Resolves at the end; rejects if it is a failure of the member's own. */
  readonly ended: Promise<void>;
  /** Throws why it has ended, if it has. */
  check(): void;
  /** Null: all is done. The first call counts. */
  end(reason: Error | null): void;
  onEnd(action: () => void): void;
}

/**
 * Makes files of the state. Nothing is held for one but the point in time: the store is read once to lay the file out and
 * once to write it. Errors: `permission-denied` and its kin, `too-many-requests`.
 */
export function createSnapshotFiles(context: MemberContext): (caller?: Caller) => Promise<SnapshotFile> {
  const { driver, state } = context;
  const open = new Set<Lifetime>();
  driver.observe({
    stopped: () => {
      for (const lifetime of open) lifetime.end(new QuorateError('stopped'));
    },
  });

  /** Hands out the file when it is laid out; resolves when it is read or closed. */
  async function makeFile(lifetime: Lifetime, handOut: (file: SnapshotFile) => void): Promise<void> {
    await context.read(async (machine) => {
      const { snapshot, meta } = await sweptSnapshot(machine);
      try {
        const tables = await readStateTables(snapshot);
        const pause = async (): Promise<void> => {
          await new Promise<void>((resolve) => context.env.soon(resolve));
          lifetime.check();
        };
        const planned = await planFile(contentOf({ reader: snapshot, meta, tables, pause }));
        const chunks = endable(lifetime, inPieces(planned.pages(), pieceSizeBytes));
        handOut({ sizeBytes: planned.sizeBytes, revision: meta.revision, chunks });
        await lifetime.ended;
      } finally {
        await snapshot.close();
      }
    });
  }

  return async (caller = 'trusted') => {
    refuse(state.machine.auth.checkAdmin(caller));
    if (open.size >= snapshotFilesMax) {
      throw new QuorateError(
        'too-many-requests',
        `${snapshotFilesMax} snapshots are being taken of this member: wait for one of them, or ask another member`,
      );
    }
    const lifetime = createLifetime();
    open.add(lifetime);
    lifetime.onEnd(() => void open.delete(lifetime));
    return new Promise((resolve, reject) => {
      // A failure after the file was handed out reaches whoever reads it, and the member (see `read`).
      makeFile(lifetime, resolve)
        .catch(reject)
        .finally(() => lifetime.end(null));
    });
  };
}

function createLifetime(): Lifetime {
  const actions: (() => void)[] = [];
  let settle: { resolve(): void; reject(error: Error): void } | null = null;
  let reason: Error | null = null;
  let isOver = false;
  const ended = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  ended.catch(() => undefined); // It may end before anybody waits.
  return {
    ended,
    check() {
      if (reason !== null) throw reason;
    },
    end(why) {
      if (isOver) return;
      isOver = true;
      reason = why;
      if (why === null || isExpected(why)) settle?.resolve();
      else settle?.reject(why);
      for (const action of actions) action();
    },
    onEnd: (action) => void actions.push(action),
  };
}

function isExpected(error: Error): boolean {
  return error instanceof QuorateError && error.code === 'stopped';
}

/** The pieces; their end, in whatever way, ends the lifetime, and the other way about. */
function endable(lifetime: Lifetime, pieces: AsyncGenerator<Buffer>): AsyncIterable<Uint8Array> {
  const close = (): void => {
    pieces.return(undefined).catch(() => undefined); // What is closed has nothing more to say.
  };
  lifetime.onEnd(close);
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      lifetime.check();
      try {
        const step = await pieces.next();
        lifetime.check();
        if (step.done === true) lifetime.end(null);
        return step;
      } catch (error) {
        lifetime.end(error instanceof Error ? error : new Error(String(error)));
        lifetime.check();
        throw error;
      }
    },
    async return() {
      lifetime.end(null);
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** A point in time at which nothing is left of what compaction has given up, for the file says so. */
async function sweptSnapshot(
  machine: StateMachine,
): Promise<{ readonly snapshot: StoreSnapshot; readonly meta: StateMeta }> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const { compactRevision } = machine;
    await machine.compacted(compactRevision);
    const snapshot = await machine.snapshot();
    try {
      const meta = some(readStateMeta(snapshot), 'a state store describes itself');
      if (meta.compactRevision === compactRevision) return { snapshot, meta };
    } catch (error) {
      await snapshot.close();
      throw error;
    }
    await snapshot.close();
  }
  throw new QuorateError('unavailable', 'history is compacted too often to take a snapshot: try again');
}
