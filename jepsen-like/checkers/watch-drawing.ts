import type { WatchEvent, WatchLog } from '../history/index.js';
import type { Drawing } from './types.js';

/** What a watch said, one event or progress after the other. */
export interface Said {
  readonly isEvent: boolean;
  readonly revision: number;
  readonly text: string;
}

/** So much is shown before and after the place where what came and what should have come part. */
const aroundMax = 4;

export function saidOf({ entries }: WatchLog): readonly Said[] {
  return entries.flatMap((entry): readonly Said[] => {
    if (entry.type === 'events') return entry.events.map(saidOfEvent);
    if (entry.type !== 'progress') return [];
    return [{ isEvent: false, revision: entry.revision, text: `progress to revision ${entry.revision}` }];
  });
}

function saidOfEvent({ type, kv }: WatchEvent): Said {
  const text = textOf({ key: kv.key, revision: kv.modRevision, isDelete: type === 'delete' });
  return { isEvent: true, revision: kv.modRevision, text };
}

interface Change {
  readonly key: string;
  readonly revision: number;
  readonly isDelete: boolean;
}

function textOf({ key, revision, isDelete }: Change): string {
  return `${isDelete ? 'delete' : 'put'} ${key} at revision ${revision}`;
}

/** A change that should have come among the others, which are drawn in the order of their revisions. */
export function drawLost(watch: number, said: readonly Said[], lost: Change): Drawing {
  const told = said.filter(({ isEvent }) => isEvent).sort((a, b) => a.revision - b.revision);
  const after = told.findIndex(({ revision }) => revision > lost.revision);
  const place = after < 0 ? told.length : after;
  const from = Math.max(0, place - aroundMax);
  const actual = told.slice(from, place + aroundMax).map(({ text }) => text);
  const at = place - from;
  const expected = [...actual.slice(0, at), textOf(lost), ...actual.slice(at)];
  return { type: 'watch', watch, expected, actual, at };
}

/** Something that should not have come where it did. */
export function drawStrange(watch: number, said: readonly Said[], place: number): Drawing {
  const from = Math.max(0, place - aroundMax);
  const actual = said.slice(from, place + aroundMax + 1).map(({ text }) => text);
  const at = place - from;
  return { type: 'watch', watch, expected: actual.filter((_, each) => each !== at), actual, at };
}
