import type { Call, FaultNote, History, MemberNote, Operation } from '../history/index.js';
import { placeInRows } from './lanes.js';
import { differences, outcomes, roles } from './page/packed.js';
import type { PackedFaults, PackedMember, PackedRun, PackedSpans } from './page/packed.js';
import { packWatches } from './pack-watches.js';
import { createTexts } from './texts.js';
import type { Texts } from './texts.js';
import { visible } from './text.js';
import { wordsOf } from './words.js';
import type { Words } from './words.js';
import { wordsOfCall } from './call-words.js';

/** More clients than this share lanes. */
const clientLanesMax = 64;
const faultRowsMax = 4;
/** A fault without length takes so much of the run in its row. */
const instantPart = 0.01;

/** When the run began and ended. */
export interface Bounds {
  readonly startUs: number;
  readonly endUs: number;
}

export function boundsOf({ operations, calls, watches, faults, members }: History): Bounds {
  let startUs = Infinity;
  let endUs = -Infinity;
  const see = (us: number | null | undefined): void => {
    if (us === null || us === undefined) return;
    startUs = Math.min(startUs, us);
    endUs = Math.max(endUs, us);
  };
  for (const list of [operations, calls]) {
    for (const { invokedUs, completedUs } of list) {
      see(invokedUs);
      see(completedUs);
    }
  }
  for (const { requestedUs, entries } of watches) {
    see(requestedUs);
    see(entries.at(-1)?.atUs);
  }
  for (const { atUs } of members) see(atUs);
  for (const { atUs } of faults) see(atUs);
  return startUs === Infinity ? { startUs: 0, endUs: 1 } : { startUs, endUs: Math.max(endUs, startUs + 1) };
}

/** The run as the page reads it. */
export function pack(history: History): PackedRun {
  const bounds = boundsOf(history);
  const texts = createTexts();
  const laneOf = lanesOfProcesses(history);
  return {
    format: 'quorate-report-1',
    endUs: bounds.endUs - bounds.startUs,
    operations: packSpans(history.operations, { bounds, texts, laneOf, wordsOf }),
    calls: packSpans(history.calls, { bounds, texts, laneOf, wordsOf: wordsOfCall }),
    faults: packFaults(history.faults, bounds, texts),
    members: packMembers(history.members, bounds),
    watches: packWatches(history.watches, bounds, texts),
    lanes: [...laneOf.values()].reduce((most, lane) => Math.max(most, lane + 1), 0),
    texts: texts.all,
  };
}

/** A process lives from its first invocation to its last answer; its lane is then free for the next. */
function lanesOfProcesses({ operations, calls }: History): ReadonlyMap<number, number> {
  const lives = new Map<number, { fromUs: number; toUs: number }>();
  for (const list of [operations, calls]) {
    for (const { process, invokedUs, completedUs } of list) {
      const toUs = completedUs ?? invokedUs;
      const life = lives.get(process);
      if (life === undefined) lives.set(process, { fromUs: invokedUs, toUs });
      else {
        life.fromUs = Math.min(life.fromUs, invokedUs);
        life.toUs = Math.max(life.toUs, toUs);
      }
    }
  }
  const rows = placeInRows([...lives.values()], clientLanesMax);
  return new Map([...lives.keys()].map((process, place) => [process, rows[place] ?? 0]));
}

interface SpanOptions<T> {
  readonly bounds: Bounds;
  readonly texts: Texts;
  readonly laneOf: ReadonlyMap<number, number>;
  readonly wordsOf: (span: T) => Words;
}

function packSpans<T extends Operation | Call>(
  spans: readonly T[],
  { bounds, texts, laneOf, wordsOf: describe }: SpanOptions<T>,
): PackedSpans {
  const sorted = [...spans].sort((a, b) => a.invokedUs - b.invokedUs || a.id - b.id);
  const words = sorted.map(describe);
  return {
    id: differences(sorted.map(({ id }) => id)),
    at: differences(sorted.map(({ invokedUs }) => Math.round(invokedUs - bounds.startUs))),
    length: sorted.map(({ invokedUs, completedUs }) =>
      completedUs === null ? -1 : Math.round(completedUs - invokedUs),
    ),
    lane: sorted.map(({ process }) => laneOf.get(process) ?? 0),
    process: sorted.map(({ process }) => process),
    outcome: sorted.map(({ outcome }) => outcomes.indexOf(outcome.type)).join(''),
    action: differences(words.map(({ action }) => texts.placeOf(action))),
    result: differences(words.map(({ result }) => texts.placeOf(result))),
  };
}

function packFaults(notes: readonly FaultNote[], { startUs, endUs }: Bounds, texts: Texts): PackedFaults {
  const faults = [...notes].sort((a, b) => a.atUs - b.atUs);
  const extents = faults.map(({ atUs, endUs: until }) => ({
    fromUs: atUs,
    toUs: Math.max(until ?? 0, atUs + (endUs - startUs) * instantPart),
  }));
  const row = placeInRows(extents, faultRowsMax);
  return {
    at: faults.map(({ atUs }) => Math.round(atUs - startUs)),
    length: faults.map(({ atUs, endUs: until }) => (until === null ? -1 : Math.round(until - atUs))),
    row,
    rows: row.reduce((most, each) => Math.max(most, each + 1), 0),
    kind: faults.map(({ kind }) => texts.placeOf(visible(kind))),
    text: faults.map(({ text }) => texts.placeOf(visible(text))),
  };
}

/** One that is down has what it had: all lanes share a scale. */
function commitsOf(notes: readonly MemberNote[]): number[] {
  let last = 0;
  return notes.map(({ role, commitIndex }) => (last = role === 'down' ? last : commitIndex));
}

function packMembers(notes: readonly MemberNote[], { startUs }: Bounds): PackedMember[] {
  const byName = new Map<string, MemberNote[]>();
  for (const note of notes) {
    const own = byName.get(note.member);
    if (own === undefined) byName.set(note.member, [note]);
    else own.push(note);
  }
  const names = [...byName.keys()].sort();
  return names.map((name) => {
    const own = [...(byName.get(name) ?? [])].sort((a, b) => a.atUs - b.atUs);
    return {
      name: visible(name),
      at: differences(own.map(({ atUs }) => Math.round(atUs - startUs))),
      role: own.map(({ role }) => roles.indexOf(role)).join(''),
      term: differences(own.map(({ term }) => term)),
      commit: differences(commitsOf(own)),
    };
  });
}
