import { some } from '../../base/index.js';
import type { Key } from '../../base/index.js';
import type { KeyRange } from '../../mvcc/index.js';
import type { WatchEvent, WatchRequest } from '../types.js';
import { createIntervalTree } from './interval-tree.js';
import type { HubWatcher } from './watcher.js';

/** Watchers that want the same of the same keys: what one of them gets, all get. */
export class WatchGroup {
  readonly watchers = new Set<HubWatcher>();
  readonly wanted: Wanted;
  /** What the turn (or the piece of history) that is being gone through has for them; null: nothing yet. */
  batch: WatchEvent[] | null = null;

  constructor(wanted: Wanted) {
    this.wanted = wanted;
  }
}

type Wanted = Omit<WatchRequest, 'startRevision'>;

/** Watchers by what they watch. Those of single keys are found by the key, those of ranges in a tree. */
export interface WatchGroups {
  add(watcher: HubWatcher): void;
  remove(watcher: HubWatcher): void;
  /** The groups that watch the key. */
  forKey(key: Key, visit: (group: WatchGroup) => void): void;
}

export function createWatchGroups(): WatchGroups {
  const byKey = new Map<Key, WatchGroup | WatchGroup[]>();
  const byRange = new Map<string, WatchGroup>();
  const ranges = createIntervalTree<WatchGroup>();

  function groupOf(wanted: Wanted): WatchGroup | undefined {
    if (wanted.rangeEnd !== null) return byRange.get(nameOf(wanted));
    const found = byKey.get(wanted.key);
    if (found === undefined) return undefined;
    if (Array.isArray(found)) return found.find((group) => flagsOf(group.wanted) === flagsOf(wanted));
    return flagsOf(found.wanted) === flagsOf(wanted) ? found : undefined;
  }

  function addGroup(wanted: Wanted): WatchGroup {
    const group = new WatchGroup(wanted);
    if (wanted.rangeEnd !== null) {
      byRange.set(nameOf(wanted), group);
      ranges.add(intervalOf(wanted), group);
      return group;
    }
    const found = byKey.get(wanted.key);
    // Nearly always one: an array for each key would cost more than the group.
    if (found === undefined) byKey.set(wanted.key, group);
    else byKey.set(wanted.key, Array.isArray(found) ? [...found, group] : [found, group]);
    return group;
  }

  function removeGroup(group: WatchGroup): void {
    const { wanted } = group;
    if (wanted.rangeEnd !== null) {
      byRange.delete(nameOf(wanted));
      ranges.remove(intervalOf(wanted), group);
      return;
    }
    const found = byKey.get(wanted.key);
    const rest = Array.isArray(found) ? found.filter((each) => each !== group) : [];
    if (rest.length === 0) byKey.delete(wanted.key);
    else byKey.set(wanted.key, rest);
  }

  return {
    add(watcher) {
      const group = groupOf(watcher.wanted) ?? addGroup(watcher.wanted);
      group.watchers.add(watcher);
    },
    remove(watcher) {
      const group = some(groupOf(watcher.wanted), 'a watcher leaves the group that it is in');
      group.watchers.delete(watcher);
      if (group.watchers.size === 0) removeGroup(group);
    },
    forKey(key, visit) {
      const found = byKey.get(key);
      if (Array.isArray(found)) for (const group of found) visit(group);
      else if (found !== undefined) visit(found);
      if (ranges.size > 0) ranges.stab(key, visit);
    },
  };
}

function intervalOf({ key, rangeEnd }: KeyRange): { readonly start: Key; readonly end: Key | null } {
  return { start: key, end: rangeEnd === '\0' ? null : rangeEnd };
}

function flagsOf({ noPut, noDelete, prevKv }: Wanted): number {
  return (noPut ? 1 : 0) + (noDelete ? 2 : 0) + (prevKv ? 4 : 0);
}

function nameOf(wanted: Wanted): string {
  return `${flagsOf(wanted)} ${wanted.key.length} ${wanted.key}${wanted.rangeEnd ?? ''}`;
}
