import type { ChangeEvent, ProgressEvent, Watch, WatchBatch } from '../client/index.js';
import type { MirrorWriter } from './mirror-writer.js';

type Batch = WatchBatch<ChangeEvent | ProgressEvent>;

export interface MirrorFollow {
  readonly watch: Watch<ChangeEvent | ProgressEvent>;
  readonly keyAt: (key: Uint8Array) => Uint8Array;
  readonly writer: MirrorWriter;
  /** All up to this revision of the source is written. */
  readonly onWritten: (revision: number) => Promise<void>;
}

/**
 * Writes what changes, until the watch ends. What came while a transaction was under way goes into the next one: so the
 * destination keeps up, and has, after each, the state that the source had at some revision.
 */
export async function followChanges({ watch, keyAt, writer, onWritten }: MirrorFollow): Promise<void> {
  const iterator = watch.batches()[Symbol.asyncIterator]();
  let coming = take(iterator);
  for (;;) {
    let result: IteratorResult<Batch, unknown> | undefined = await coming;
    let revision = 0;
    while (result !== undefined) {
      if (result.done === true) return;
      coming = take(iterator);
      ({ revision } = result.value);
      await writer.add(result.value.events.flatMap((event) => changeOf(event, keyAt)));
      result = writer.isFull ? undefined : await Promise.race([coming, nextTurn()]);
    }
    await writer.flush();
    await onWritten(revision);
  }
}

function take(iterator: AsyncIterator<Batch, unknown>): Promise<IteratorResult<Batch, unknown>> {
  const result = iterator.next();
  result.catch(() => undefined); // It is awaited after the write under way.
  return result;
}

/** Resolves when all that is there already had its chance. */
function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(undefined));
  });
}

function changeOf(event: ChangeEvent | ProgressEvent, keyAt: MirrorFollow['keyAt']) {
  if (event.type === 'progress') return [];
  return [{ key: keyAt(event.key), value: event.type === 'put' ? event.entry.value : undefined }];
}
