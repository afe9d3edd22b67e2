import { describe, expect, test } from 'vitest';
import { watch } from '../../../jepsen-like/checkers/watch.js';
import type { History, WatchEntry, WatchEvent, WatchLog } from '../../../jepsen-like/history/index.js';
import { expectBlame, expectNoBlame, namesOf } from './judge.js';
import { historyOf } from './legal.js';
import { legalStore, withWatch } from './store.js';

const legal = (seed: number): History => legalStore(seed, { watches: 4 });

describe('watch never blames', () => {
  test('what a correct store tells: from past, present and future, filtered or not, in batches', () => {
    expectNoBlame(watch, legal);
  });

  test('a watch that ended before it had told all', () => {
    expectNoBlame(watch, (seed) => {
      const history = legal(seed);
      const watches = history.watches.map((log) => ({
        ...log,
        entries: log.entries.slice(0, 1 + Math.floor(log.entries.length / 2)),
      }));
      return { ...history, watches };
    });
  });

  test('one without what was there before, when the past is compacted', () => {
    const event: WatchEvent = { type: 'delete', kv: kv('a', 7), previous: null };
    const log = logOf([{ atUs: 1, type: 'events', revision: 7, events: [event] }], { prevKv: true });
    expect(namesOf(watch.check(historyOf({ watches: [log] })))).toEqual(['wrong previous value']);
    const compacted = logOf([{ atUs: 1, type: 'compacted', compactRevision: 6 }], {
      id: 1,
      startRevision: 2,
    });
    expect(watch.check(historyOf({ watches: [log, compacted] })).type).toBe('ok');
  });
});

type Events = Extract<WatchEntry, { readonly type: 'events' }>;
type Change = (entries: readonly WatchEntry[], log: WatchLog) => readonly WatchEntry[] | null;

/** Changes the first watch for which there is another; all but it are as they were. */
function change(seed: number, to: Change): History | null {
  const history = legal(seed);
  for (const log of history.watches) {
    const entries = to(log.entries, log);
    if (entries !== null) return withWatch(history, log.id, entries);
  }
  return null;
}

function isEvents(entry: WatchEntry | undefined): entry is Events {
  return entry?.type === 'events';
}

/** The places of two answers with events, one after the other, of which the second is of a later revision. */
function twoAnswers(entries: readonly WatchEntry[]): readonly [Events, Events, number, number] | null {
  const places = [...entries.keys()].filter((place) => isEvents(entries[place]));
  for (const [nth, place] of places.entries()) {
    const later = places[nth + 1];
    const [first, second] = [entries[place], later === undefined ? undefined : entries[later]];
    if (later !== undefined && isEvents(first) && isEvents(second)) return [first, second, place, later];
  }
  return null;
}

describe('watch always finds', () => {
  test('an event that is missing, which somebody else was told of', () => {
    const lose: Change = (entries) => {
      // The last answer must not be the one: nobody would know that it had to come.
      const found = twoAnswers(entries);
      return found === null ? null : entries.filter((_, place) => place !== found[2]);
    };
    expectBlame(watch, (seed) => changeKnown(seed, lose), /^event lost$/);
  });

  test('an event that is missing from the middle of an answer', () => {
    const lose: Change = (entries) => {
      const place = entries.findIndex((entry) => isEvents(entry) && entry.events.length > 1);
      const entry = entries[place];
      return isEvents(entry) ? entries.with(place, { ...entry, events: entry.events.slice(1) }) : null;
    };
    expectBlame(watch, (seed) => changeKnown(seed, lose), /^event lost$/);
  });

  test('an event that comes twice', () => {
    const twice: Change = (entries) => {
      const place = entries.findIndex(isEvents);
      const entry = entries[place];
      return isEvents(entry) ? entries.toSpliced(place + 1, 0, entry) : null;
    };
    expectBlame(watch, (seed) => change(seed, twice), /^event twice$/);
  });

  test('events out of order', () => {
    const swap: Change = (entries) => {
      const found = twoAnswers(entries);
      return found === null ? null : entries.with(found[2], found[1]).with(found[3], found[0]);
    };
    expectBlame(watch, (seed) => change(seed, swap), /^events out of order$/);
  });

  test('a revision in two pieces', () => {
    const split: Change = (entries) => {
      for (const [place, entry] of entries.entries()) {
        if (!isEvents(entry)) continue;
        const cut = entry.events.findIndex(
          (event, at) => at > 0 && event.kv.modRevision === entry.events[at - 1]?.kv.modRevision,
        );
        if (cut < 0) continue;
        const [head, tail] = [entry.events.slice(0, cut), entry.events.slice(cut)];
        return entries.toSpliced(place, 1, { ...entry, events: head }, { ...entry, events: tail });
      }
      return null;
    };
    expectBlame(watch, (seed) => change(seed, split), /^split revision$/, { runs: 15 });
  });

  test('progress that is ahead of its events', () => {
    const ahead: Change = (entries) => {
      const place = entries.findIndex(isEvents);
      const entry = entries[place];
      if (!isEvents(entry)) return null;
      const revision = entry.events[0]?.kv.modRevision ?? 0;
      return entries.toSpliced(place, 0, { atUs: entry.atUs, type: 'progress', revision });
    };
    expectBlame(watch, (seed) => change(seed, ahead), /^progress ahead of events$/);
  });

  test('progress over an event that never came', () => {
    const over: Change = (entries) => {
      const place = entries.findLastIndex(isEvents);
      const entry = entries[place];
      if (!isEvents(entry)) return null;
      const revision = entry.events.at(-1)?.kv.modRevision ?? 0;
      return [...entries.slice(0, place), { atUs: entry.atUs, type: 'progress', revision }];
    };
    expectBlame(watch, (seed) => changeKnown(seed, over), /^event lost$/);
  });

  test('an event from before its beginning', () => {
    const early: Change = (entries, { startRevision }) => {
      const place = entries.findIndex(isEvents);
      const entry = entries[place];
      const [event] = isEvents(entry) ? entry.events : [];
      if (!isEvents(entry) || event === undefined || startRevision < 3) return null;
      const old = { ...event, kv: { ...event.kv, modRevision: startRevision - 1 } };
      return entries.toSpliced(place, 0, { ...entry, events: [old] });
    };
    expectBlame(watch, (seed) => change(seed, early), /^event from before$/);
  });

  test('an event of a key or a kind that nobody asked for', () => {
    const other: Change = (entries) => {
      const place = entries.findIndex(isEvents);
      const entry = entries[place];
      if (!isEvents(entry)) return null;
      const events = entry.events.map((event) => ({ ...event, kv: { ...event.kv, key: '0' } }));
      return entries.with(place, { ...entry, events });
    };
    expectBlame(watch, (seed) => change(seed, other), /^event that nobody asked for$/);
    const deletion: WatchEvent = { type: 'delete', kv: kv('a', 7), previous: null };
    const log = logOf([{ atUs: 1, type: 'events', revision: 7, events: [deletion] }], { noDelete: true });
    expect(namesOf(watch.check(historyOf({ watches: [log] })))).toEqual(['event that nobody asked for']);
  });

  test('what was there before, where it is missing, too old, or was not asked for', () => {
    const events = (
      entries: readonly WatchEntry[],
      to: (event: WatchEvent) => WatchEvent,
    ): readonly WatchEntry[] =>
      entries.map((entry) => (isEvents(entry) ? { ...entry, events: entry.events.map(to) } : entry));
    const hasPrevious = (entries: readonly WatchEntry[]): boolean =>
      entries.some((entry) => isEvents(entry) && entry.events.some(({ previous }) => previous !== null));
    const missing: Change = (entries) =>
      hasPrevious(entries) ? events(entries, (event) => ({ ...event, previous: null })) : null;
    expectBlame(watch, (seed) => change(seed, missing), /^wrong previous value$/, { runs: 15 });
    // Too old for certain: it told itself of the change that was there before.
    const old: Change = (entries) => {
      const told = new Set(
        entries
          .filter(isEvents)
          .flatMap((entry) => entry.events.map(({ kv }) => `${kv.modRevision} ${kv.key}`)),
      );
      const isTold = ({ previous }: WatchEvent): boolean =>
        previous !== null && told.has(`${previous.modRevision} ${previous.key}`);
      if (!entries.some((entry) => isEvents(entry) && entry.events.some(isTold))) return null;
      return events(entries, (event) =>
        event.previous === null || !isTold(event)
          ? event
          : { ...event, previous: { ...event.previous, modRevision: event.previous.modRevision - 1 } },
      );
    };
    expectBlame(watch, (seed) => change(seed, old), /^wrong previous value$/, { runs: 15 });
    const unasked: Change = (entries, log) =>
      log.prevKv || !entries.some(isEvents)
        ? null
        : events(entries, (event) => ({ ...event, previous: event.kv }));
    expectBlame(watch, (seed) => change(seed, unasked), /^wrong previous value$/, { runs: 15 });
  });

  test('a watch that was ended for a compaction that did not reach it', () => {
    const compacted: Change = (entries) => {
      const place = entries.findLastIndex(isEvents);
      const entry = entries[place];
      if (!isEvents(entry)) return null;
      const compactRevision = (entry.events.at(-1)?.kv.modRevision ?? 0) - 1;
      return [...entries.slice(0, place + 1), { atUs: entry.atUs, type: 'compacted', compactRevision }];
    };
    expectBlame(watch, (seed) => change(seed, compacted), /^wrongly compacted$/);
  });
});

describe('watch', () => {
  test('draws what it should have said beside what it said', () => {
    const put = (revision: number): WatchEvent => ({ type: 'put', kv: kv('a', revision), previous: null });
    const answer = (atUs: number, ...revisions: number[]): WatchEntry => ({
      ...{ atUs, type: 'events', revision: revisions.at(-1) ?? 0 },
      events: revisions.map(put),
    });
    const good = logOf([answer(1, 2), answer(2, 3), answer(3, 4)], {});
    const bad = logOf([answer(1, 2), answer(3, 4)], { id: 1 });
    const verdict = watch.check(historyOf({ watches: [good, bad] }));
    expect(verdict.type === 'violated' ? verdict.anomalies[0]?.drawing : null).toEqual({
      type: 'watch',
      watch: 1,
      expected: ['2 put a = v2', '3 put a = v3', '4 put a = v4'],
      actual: ['2 put a = v2', '4 put a = v4'],
      at: 1,
    });
  });

  test('skips a history without watches', () => {
    expect(watch.check(historyOf({})).type).toBe('skipped');
  });
});

function kv(key: string, modRevision: number): WatchEvent['kv'] {
  return { key, value: `v${modRevision}`, createRevision: modRevision, modRevision, version: 1, lease: '0' };
}

function logOf(entries: readonly WatchEntry[], more: Partial<WatchLog>): WatchLog {
  return {
    ...{ id: 0, process: 1, member: 'm1', key: 'a', rangeEnd: '', startRevision: 2, requestedUs: 0, entries },
    ...{ prevKv: false, noPut: false, noDelete: false, resumes: null },
    ...more,
  };
}

/** The same with one more watch of everything, which was told of all there was. */
function changeKnown(seed: number, to: Change): History | null {
  const history = legalStore(seed, { watches: 6, unknownShare: 0 });
  const whole = history.watches.find(({ key, rangeEnd, noPut, noDelete, entries }) => {
    const created = entries[0];
    return (
      key === 'a' &&
      rangeEnd === 'z' &&
      !noPut &&
      !noDelete &&
      created?.type === 'created' &&
      created.revision < 4
    );
  });
  for (const log of history.watches) {
    const created = log.entries[0];
    if (whole === undefined || log === whole || (created?.type === 'created' && created.revision < 4))
      continue;
    const entries = to(log.entries, log);
    if (entries !== null) return withWatch(history, log.id, entries);
  }
  return null;
}
