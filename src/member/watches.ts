import { assert, messageOf, QuorateError } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import type { Revision, RevisionChanges } from '../mvcc/index.js';
import type { MemberContext } from './context.js';
import { refuse } from './outcome.js';
import type { MemberAuth, WatchEvent, WatchHub, WatchRequest } from './types.js';
import { createWatchGroups } from './watch/groups.js';
import type { WatchGroup, WatchGroups } from './watch/groups.js';
import { gatherBatches } from './watch/handout.js';
import { HubWatcher } from './watch/watcher.js';
import type { WatcherOwner } from './watch/watcher.js';

/** History read in one go for those who catch up. */
const pieceSizeBytesMax = 1024 * 1024;
/** Changes kept while a piece of history is read, so that its readers can go on from there. More: read another piece. */
const tailRevisionsMax = 20_000;
/** What a watcher weighs beside its keys, with what its client's stream keeps for it. Measured, and rounded up. */
const watcherSizeBytes = 1024;
/** After a failed look at history. */
const retryMs = 100;

/**
 * The watchers of one member. What a turn has applied goes to those that are synced at the turn's end; all others catch
 * up from history, many at a time, and join at a border where nothing is lost and nothing comes twice: while the last
 * piece of history is read, what happens meanwhile is kept as its tail.
 */
export function createWatchHub(context: MemberContext, auth: Pick<MemberAuth, 'current'>): WatchHub {
  const { env, state, driver } = context;
  const { watchersSizeBytesMax } = context.config.limits;
  const synced = createWatchGroups();
  const unsynced = createWatchGroups();
  /** In the order in which they are served. */
  let catchingUp = new Set<HubWatcher>();
  const watchers = new Set<HubWatcher>();
  let watchersSizeBytes = 0;
  let catchUpRunning = false;
  let stopped = false;
  /** Counts the states there were: what was read from an earlier one may not be followed by a tail of this one. */
  let epoch = 0;
  /** What has been applied since the present piece of history was asked for; null: too much, or nothing is read. */
  let tail: RevisionChanges[] | null = null;
  let handedOut: Revision = state.machine.revision;
  let authChanged = false;
  let onTurn: (() => void)[] = [];

  const owner: WatcherOwner = {
    get nextRevision() {
      return handedOut + 1;
    },
    resume: (watcher) => place(watcher, watcher.next),
    cancel: (watcher) => take(watcher, 'ended'),
  };

  // --- Where watchers are -------------------------------------------------------------------------------------

  /** Among the synced, or those who catch up. */
  function place(watcher: HubWatcher, next: Revision): void {
    watcher.next = next;
    if (next > handedOut) {
      watcher.state = 'synced';
      synced.add(watcher);
      return;
    }
    watcher.state = 'unsynced';
    unsynced.add(watcher);
    catchingUp.add(watcher);
    beginCatchUp();
  }

  function take(watcher: HubWatcher, to: 'parked' | 'unsynced' | 'ended'): void {
    if (watcher.state === 'synced') synced.remove(watcher);
    if (watcher.state === 'unsynced') {
      unsynced.remove(watcher);
      catchingUp.delete(watcher);
    }
    watcher.state = to;
    if (to !== 'ended' || !watchers.delete(watcher)) return;
    watchersSizeBytes -= sizeBytesOf(watcher.wanted);
    if (watchers.size === 0) state.machine.recordChanges(false);
  }

  function end(watcher: HubWatcher, error: ErrorCode): void {
    take(watcher, 'ended');
    watcher.sink.ended(error);
  }

  /** Hands events from `from` on to a watcher, which has all below `next` then. */
  function hand(watcher: HubWatcher, events: readonly WatchEvent[], from: Revision, next: Revision): void {
    const wanted = since(events, watcher.next);
    if (wanted.length > 0 && watcher.sink.isFull?.() === true) {
      watcher.next = Math.max(watcher.next, from);
      take(watcher, 'parked');
      return;
    }
    watcher.next = Math.max(watcher.next, next);
    if (wanted.length === 0 || watcher.sink.events(wanted, handedOut)) return;
    if (watcher.state !== 'ended') take(watcher, 'parked');
  }

  function handBatches(groups: readonly WatchGroup[], from: Revision): void {
    for (const group of groups) {
      const events = group.batch ?? [];
      group.batch = null;
      for (const watcher of [...group.watchers]) hand(watcher, events, from, handedOut + 1);
    }
  }

  // --- As it happens ------------------------------------------------------------------------------------------

  function turnApplied(): void {
    const { machine } = state;
    if (watchers.size > 0) {
      const revisions = machine.takeChanges();
      const from = handedOut + 1;
      handedOut = machine.revision;
      if (authChanged) checkRights(); // First: who lost a right in this turn gets nothing of it any more.
      if (revisions.length > 0) {
        keepTail(revisions);
        handBatches(gatherBatches(machine, synced, revisions), from);
      }
    } else {
      handedOut = machine.revision;
    }
    tellTurn();
  }

  function tellTurn(): void {
    if (onTurn.length === 0) return;
    const listeners = onTurn;
    onTurn = [];
    for (const listener of listeners) listener();
  }

  function keepTail(revisions: readonly RevisionChanges[]): void {
    const kept = tail;
    if (kept === null) return;
    if (kept.length + revisions.length > tailRevisionsMax) tail = null;
    else kept.push(...revisions);
  }

  /** Those whose caller may no longer read what it watches. */
  function checkRights(): void {
    authChanged = false;
    for (const watcher of [...watchers]) {
      if (watcher.caller === 'trusted') continue;
      if (!mayStillRead(watcher)) end(watcher, 'permission-denied');
    }
  }

  function mayStillRead({ caller, wanted }: HubWatcher): boolean {
    try {
      return state.machine.auth.checkRange(auth.current(caller), wanted, 'read') === null;
    } catch (error) {
      // The caller's token has ended: with a new password, for example.
      if (error instanceof QuorateError && error.code === 'invalid-auth-token') return false;
      throw error;
    }
  }

  /** All that is synced goes on from the new state's history, from where the old one left it. */
  function stateReplaced(): void {
    epoch++;
    tail = null;
    const { machine } = state;
    const before = handedOut;
    handedOut = machine.revision;
    if (watchers.size > 0) machine.recordChanges(true);
    for (const watcher of [...watchers]) {
      if (watcher.state !== 'synced') continue;
      synced.remove(watcher);
      place(watcher, Math.max(watcher.next, before + 1));
    }
    authChanged = true;
    checkRights();
    tellTurn();
  }

  // --- From history -------------------------------------------------------------------------------------------

  function beginCatchUp(): void {
    if (catchUpRunning || stopped) return;
    catchUpRunning = true;
    env.soon(() => {
      catchUp().then(
        () => (catchUpRunning = false),
        (error: unknown) => {
          catchUpRunning = false;
          if (stopped) return;
          env.logger.warn('watchers could not catch up yet', { reason: messageOf(error) });
          env.after(retryMs, beginCatchUp);
        },
      );
    });
  }

  async function catchUp(): Promise<void> {
    for (let [first] = catchingUp; first !== undefined && !stopped; [first] = catchingUp) {
      await readPiece(first.next);
    }
  }

  /**
   * Serves everybody who is within the piece of history that begins at `from`. Whoever is not done then waits behind the
   * others, so that one that is far behind holds up nobody (etcd issue 17529).
   */
  async function readPiece(from: Revision): Promise<void> {
    const begun = epoch;
    const border = handedOut + 1;
    tail = [];
    const piece = await context.read((machine) => machine.changesSince(from, pieceSizeBytesMax));
    if (begun !== epoch || stopped) return;
    if (!piece.ok) {
      assert(piece.error === 'compacted', 'history can only be gone by compaction');
      endCompacted();
      return;
    }
    const { revisions, next } = piece.value;
    // The last piece reaches up to where its tail begins: together they leave nothing out.
    const kept = takeTail();
    if (next === border && kept !== null) serve([...revisions, ...kept], from, handedOut + 1);
    else serve(revisions, from, next);
  }

  function takeTail(): readonly RevisionChanges[] | null {
    const kept = tail;
    tail = null;
    return kept;
  }

  function serve(revisions: readonly RevisionChanges[], from: Revision, end: Revision): void {
    const { machine } = state;
    const groups = gatherBatches(machine, within(unsynced, from, end), revisions);
    for (const group of groups) {
      const events = group.batch ?? [];
      group.batch = null;
      for (const watcher of [...group.watchers]) {
        if (isWithin(watcher, from, end)) hand(watcher, events, from, end);
      }
    }
    const waiting = catchingUp;
    catchingUp = new Set();
    const later: HubWatcher[] = [];
    for (const watcher of waiting) {
      if (isWithin(watcher, from, end)) watcher.next = end;
      if (watcher.next > handedOut) {
        unsynced.remove(watcher);
        place(watcher, watcher.next);
      } else if (watcher.next === end) later.push(watcher);
      else catchingUp.add(watcher);
    }
    for (const watcher of later) catchingUp.add(watcher);
    tellTurn();
  }

  function endCompacted(): void {
    const { compactRevision } = state.machine;
    for (const watcher of [...catchingUp]) {
      if (watcher.next >= compactRevision) continue;
      take(watcher, 'ended');
      watcher.sink.compacted(compactRevision);
    }
    tellTurn();
  }

  driver.observe({
    turnApplied,
    stateReplaced,
    applied({ command }, outcome) {
      if (outcome.ok && outcome.value.type === 'auth' && command.type !== 'auth-token') authChanged = true;
    },
    stopped() {
      stopped = true;
      for (const watcher of [...watchers]) end(watcher, 'stopped');
      tellTurn();
    },
  });

  return {
    watch(wanted, sink, caller = 'trusted') {
      if (stopped) throw new QuorateError('stopped');
      const { machine } = state;
      refuse(machine.auth.checkRange(auth.current(caller), wanted, 'read'));
      const sizeBytes = sizeBytesOf(wanted);
      if (watchersSizeBytes + sizeBytes > watchersSizeBytesMax) throw new QuorateError('too-many-requests');
      if (watchers.size === 0) {
        machine.recordChanges(true);
        handedOut = machine.revision;
      }
      const next = wanted.startRevision === 0 ? handedOut + 1 : wanted.startRevision;
      const watcher = new HubWatcher(owner, { wanted, sink, caller, state: 'parked', next });
      watchers.add(watcher);
      watchersSizeBytes += sizeBytes;
      place(watcher, next);
      return watcher;
    },
    onNextTurn: (listener) => void onTurn.push(listener),
    get watcherCount() {
      return watchers.size;
    },
    get unsyncedCount() {
      return catchingUp.size;
    },
  };
}

function sizeBytesOf({ key, rangeEnd }: WatchRequest): number {
  return watcherSizeBytes + key.length + (rangeEnd?.length ?? 0);
}

/** The events from that revision on; they are in its order. The same array if it is all of them. */
function since(events: readonly WatchEvent[], revision: Revision): readonly WatchEvent[] {
  const [first] = events;
  if (first === undefined || first.kv.modRevision >= revision) return events;
  return events.filter((event) => event.kv.modRevision >= revision);
}

function isWithin(watcher: HubWatcher, from: Revision, end: Revision): boolean {
  return watcher.next >= from && watcher.next < end;
}

/** Only the groups that somebody within is in. */
function within(groups: WatchGroups, from: Revision, end: Revision): WatchGroups {
  return {
    ...groups,
    forKey(key, visit) {
      groups.forKey(key, (group) => {
        for (const watcher of group.watchers) {
          if (!isWithin(watcher, from, end)) continue;
          visit(group);
          return;
        }
      });
    },
  };
}
