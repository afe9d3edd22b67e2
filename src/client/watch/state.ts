import type { Entry } from '../entry.js';
import { ClientError, passing } from '../errors.js';
import type { Keys } from '../keys.js';
import type { KeyValueStore } from '../kv.js';
import { backoffMs, pause } from '../pause.js';
import type { StateEvent } from './events.js';

/** All there is, as of one revision, however long members take to answer. Undefined if it was ended meanwhile. */
export async function readState(
  store: Pick<KeyValueStore, 'range'>,
  keys: Keys,
  signal: AbortSignal,
): Promise<StateEvent | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      const event = await readOnce(store, keys, signal);
      return signal.aborted ? undefined : event;
    } catch (error) {
      if (signal.aborted) return undefined;
      // Compacted: the revision of the first page is gone, and the next attempt has a later one.
      const mayPass = error instanceof ClientError && (passing.has(error.code) || error.code === 'compacted');
      if (!mayPass) throw error;
      await pause(backoffMs(attempt), signal);
    }
  }
}

async function readOnce(
  store: Pick<KeyValueStore, 'range'>,
  keys: Keys,
  signal: AbortSignal,
): Promise<StateEvent> {
  let revision = 0;
  const entries: Entry[] = [];
  for await (const page of store.range(keys, { signal }).pages()) {
    if (revision === 0) ({ revision } = page);
    entries.push(...page.entries);
  }
  return { type: 'state', revision, entries };
}
