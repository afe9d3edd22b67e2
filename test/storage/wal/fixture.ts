import type { Configuration, Entry, HardState, SnapshotMeta } from '../../../src/raft/index.js';
import type { WalAppend, WalContents, WalGenesis } from '../../../src/storage/index.js';

export const configuration: Configuration = {
  voters: ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'],
  outgoing: [],
  learners: ['cccccccccccccccc'],
  learnersNext: [],
};

export const genesis: WalGenesis = {
  identity: { clusterId: 'c0c0c0c0c0c0c0c0', memberId: 'aaaaaaaaaaaaaaaa' },
  configuration,
  stateStore: 'state-1',
};

export function entry(index: number, term = 1, text = `entry ${index} of term ${term}`): Entry {
  return { index, term, kind: index % 5 === 0 ? 'configuration' : 'normal', data: Buffer.from(text) };
}

/** Entries first … last. */
export function entries(first: number, last: number, term = 1): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, n) => entry(first + n, term));
}

export function append(parts: Partial<WalAppend>): WalAppend {
  return { hardState: null, entries: [], reset: null, mustSync: true, ...parts };
}

export function hardState(term: number, vote: string | null, commit: number): HardState {
  return { term, vote, commit };
}

export function metaAt(index: number, term = 1): SnapshotMeta {
  return { index, term, configuration };
}

/** Contents as plain data with readable entries, for comparison. */
export function plain(contents: Omit<WalContents, 'tornEntries' | 'identity'>): unknown {
  return {
    hardState: contents.hardState,
    snapshot: contents.snapshot,
    stateStore: contents.stateStore,
    entries: contents.entries.map(({ index, term, kind, data }) => [
      index,
      term,
      kind,
      Buffer.from(data).toString(),
    ]),
  };
}
