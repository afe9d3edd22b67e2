import { firstWhere } from './scale.js';
import { sums } from './packed.js';
import type { PackedFaults, PackedMember, PackedRun, PackedSpans, PackedWatches } from './packed.js';

/** Operations or calls, unpacked. */
export interface Spans {
  readonly count: number;
  readonly id: Float64Array;
  readonly at: Float64Array;
  /** How long it took; -1: it never came back. */
  readonly length: Float64Array;
  /** Where its bar ends: of what never came back, where its lane goes on with something else. */
  readonly end: Float64Array;
  readonly process: Uint32Array;
  readonly outcome: Uint8Array;
  readonly action: Float64Array;
  readonly result: Float64Array;
  readonly lanes: readonly LaneIndex[];
}

/** What is in a lane, in order of time. */
export interface LaneIndex {
  readonly items: Uint32Array;
  /** The latest end of any item up to here: sorted, as ends need not be. */
  readonly reach: Float64Array;
}

export interface Run {
  readonly endUs: number;
  readonly texts: readonly string[];
  readonly laneCount: number;
  readonly operations: Spans;
  readonly calls: Spans;
  /** What rates and latencies are of: operations, or, of a run without any, calls. */
  readonly main: Spans;
  readonly faults: PackedFaults;
  readonly members: readonly MemberHistory[];
  readonly watches: Watches;
}

export interface MemberHistory {
  readonly name: string;
  readonly at: Float64Array;
  readonly role: Uint8Array;
  readonly term: Float64Array;
  readonly commit: Float64Array;
}

export interface Watches extends Omit<PackedWatches, 'entryAt' | 'entryType' | 'entryCount'> {
  readonly lanes: readonly LaneIndex[];
  readonly end: Float64Array;
  /** Position of the first entry of each watch, and one more: the count of all. */
  readonly entryFrom: Uint32Array;
  readonly entryAt: Float64Array;
  readonly entryType: Uint8Array;
}

export function unpack(packed: PackedRun): Run {
  const { endUs, texts, lanes, faults } = packed;
  const operations = unpackSpans(packed.operations, lanes, endUs);
  const calls = unpackSpans(packed.calls, lanes, endUs);
  return {
    endUs,
    texts,
    laneCount: lanes,
    operations,
    calls,
    main: operations.count > 0 ? operations : calls,
    faults,
    members: packed.members.map(unpackMember),
    watches: unpackWatches(packed.watches),
  };
}

function unpackSpans(packed: PackedSpans, laneCount: number, endUs: number): Spans {
  const at = sums(packed.at);
  const length = Float64Array.from(packed.length);
  const end = Float64Array.from(at, (start, item) => start + Math.max(0, length[item] ?? 0));
  const byLane: number[][] = Array.from({ length: laneCount }, () => []);
  packed.lane.forEach((lane, item) => byLane[lane]?.push(item));
  for (const items of byLane) {
    items.forEach((item, place) => {
      if (length[item] === -1) end[item] = at[items[place + 1] ?? -1] ?? endUs;
    });
  }
  return {
    count: at.length,
    id: sums(packed.id),
    at,
    length,
    end,
    process: Uint32Array.from(packed.process),
    outcome: digits(packed.outcome),
    action: sums(packed.action),
    result: sums(packed.result),
    lanes: byLane.map((items) => laneIndex(items, end)),
  };
}

function unpackMember({ name, at, role, term, commit }: PackedMember): MemberHistory {
  return { name, at: sums(at), role: digits(role), term: sums(term), commit: sums(commit) };
}

function unpackWatches(packed: PackedWatches): Watches {
  const end = Float64Array.from(packed.at, (at, watch) => at + (packed.length[watch] ?? 0));
  const byRow: number[][] = Array.from({ length: packed.rows }, () => []);
  packed.row.forEach((row, watch) => byRow[row]?.push(watch));
  let from = 0;
  const entryFrom = Uint32Array.from([0, ...packed.entryCount], (count) => (from += count));
  return {
    ...packed,
    end,
    lanes: byRow.map((items) => laneIndex(items, end)),
    entryFrom,
    entryAt: sums(packed.entryAt),
    entryType: digits(packed.entryType),
  };
}

function digits(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, place) => text.charCodeAt(place) - 48);
}

export function laneIndex(items: readonly number[], end: Float64Array): LaneIndex {
  let latest = -Infinity;
  const reach = Float64Array.from(items, (item) => (latest = Math.max(latest, end[item] ?? 0)));
  return { items: Uint32Array.from(items), reach };
}

/** Places in the lane of what touches the time: all of them, and a few that ended before. */
export function placesWithin(
  lane: LaneIndex,
  at: ArrayLike<number>,
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): { readonly from: number; readonly to: number } {
  const { items, reach } = lane;
  return {
    from: firstWhere(items.length, (place) => (reach[place] ?? 0) >= fromUs),
    to: firstWhere(items.length, (place) => (at[items[place] ?? 0] ?? 0) > toUs),
  };
}

/** Positions of those that begin in view. */
export function visibleItems(
  { at, count }: Spans,
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): { readonly from: number; readonly to: number } {
  return {
    from: firstWhere(count, (item) => (at[item] ?? 0) >= fromUs),
    to: firstWhere(count, (item) => (at[item] ?? 0) > toUs),
  };
}

/** Whether the lane holds any of the items. */
export function contains(lane: LaneIndex | undefined, items: ReadonlyMap<number, number>): boolean {
  return lane !== undefined && [...items.keys()].some((item) => lane.items.includes(item));
}
