import { at, compareBytes, emptyBytes, some, unreachable } from '../base/index.js';
import type { ErrorCode, Key } from '../base/index.js';
import { endOf, findIn, successorOf } from './key-index.js';
import type { KeyChunk, KeyEntry, KeyIndex } from './key-index.js';
import type { Records } from './records.js';
import type { Steps } from './steps.js';
import { sortInSteps } from './sort.js';
import type { KeyRange, KeyValue, RangeRequest, RangeResponse, Revision, SortTarget } from './types.js';
import { boundedWork, keptKeySizeBytes, workOfValue, workPerStep } from './work.js';
import type { Work } from './work.js';

/** What a read looks at. */
export interface View {
  readonly index: KeyIndex;
  readonly records: Records;
  /** The revision that is current to this read, and whether it is that of the index, too, or of the past by now. */
  readonly revision: Revision;
  isLatest(): boolean;
  readonly compactRevision: Revision;
}

/** A key-value whose value is read only if it is asked for in the end. */
export interface Found {
  readonly key: Key;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly sub: number;
  readonly version: number;
  readonly lease: bigint;
  kv: KeyValue | null;
}

/** Null: the revision can be read. ≤ 0 is the current one; the compacted one itself stays readable. */
export function checkRevision(requested: Revision, view: View): ErrorCode | null {
  if (requested > view.revision) return 'future-revision';
  return requested > 0 && requested < view.compactRevision ? 'compacted' : null;
}

/**
 * The hot path: one key at the latest revision, without options. Null: the request is not of that kind.
 */
export function readOne(request: RangeRequest, view: View): RangeResponse | null {
  if (request.rangeEnd !== null || request.revision > 0 || isSelective(request)) return null;
  const entry = view.index.alive(request.key);
  const kvs: KeyValue[] = [];
  if (entry !== undefined && !request.countOnly) {
    kvs.push(
      request.keysOnly ? valueless(foundIn(request.key, entry)) : view.records.read(entry, request.key),
    );
  }
  const count = entry === undefined ? 0 : 1;
  return { type: 'range', revision: view.revision, kvs, more: false, count };
}

/** Reads a range at a revision that checkRevision has allowed. Errors: `too-many-keys`, if `work` says so. */
export function* readRange(
  request: RangeRequest,
  view: View,
  work: Work = boundedWork(view.records),
): Steps<RangeResponse> {
  const single = view.isLatest() ? readOne(request, view) : null;
  if (single !== null) {
    for (const kv of single.kvs) work.keep(keptKeySizeBytes + sizeBytesOf(kv));
    if (work.isDue(1)) yield;
    return single;
  }
  const { found, count } = yield* collect(request, view, work);
  if (request.countOnly) {
    return { type: 'range', revision: view.revision, kvs: [], more: false, count };
  }
  const kept = found.filter((kv) => passes(request, kv));
  yield* sort(request, kept, view, work);
  const limited = request.limit > 0 && kept.length > request.limit;
  if (limited) kept.length = request.limit;
  const kvs: KeyValue[] = [];
  for (const one of kept) {
    const kv = request.keysOnly ? valueless(one) : keptValueOf(one, view.records, work);
    kvs.push(kv);
    if (work.isDue(1 + workOfValue(kv.value))) yield;
  }
  return { type: 'range', revision: view.revision, kvs, more: limited, count };
}

/** The keys to choose from, in key order, and how many there are in the range, in all. */
function* collect(
  request: RangeRequest,
  view: View,
  work: Work,
): Steps<{ readonly found: Found[]; readonly count: number }> {
  const revision = request.revision > 0 ? request.revision : view.revision;
  const known = revision === view.revision && view.isLatest() ? view.index.countAlive(request) : null;
  const max = fetchMax(request);
  const found: Found[] = [];
  if (known !== null && max === 0) return { found, count: known };
  let count = 0;
  for (let from: Key | null = request.key; from !== null;) {
    const chunk = nextChunk(
      request,
      view,
      from,
      known === null ? workPerStep : Math.min(workPerStep, max - count),
    );
    for (let i = 0; i < chunk.keys.length; i++) {
      const key = at(chunk.keys, i);
      const one = lookUp(key, at(chunk.entries, i), revision, view.records, count < max);
      if (one === null) continue;
      count++;
      if (one === 'uncollected') continue;
      work.keep(keptKeySizeBytes + sizeBytesOf(one.kv));
      found.push(one);
      if (one.kv !== null && work.isDue(workOfValue(one.kv.value))) yield;
    }
    from = known !== null && count >= max ? null : nextFrom(chunk, request);
    if (work.isDue(chunk.keys.length + 1)) yield;
  }
  return { found, count: known ?? count };
}

/** As etcd: one more than asked for tells whether there are more; a sort order or a filter needs them all. */
function fetchMax(request: RangeRequest): number {
  if (request.countOnly) return 0;
  return request.limit > 0 && !needsAll(request) ? request.limit + 1 : Infinity;
}

/** The key as the view has it; null: it is not there. Compaction keeps away from the view. */
export function findAlive(key: Key, view: View): Found | null {
  if (view.isLatest()) {
    const entry = view.index.alive(key);
    return entry === undefined ? null : foundIn(key, entry);
  }
  const id = view.index.find(key, view.revision);
  if (id === null) return null;
  const kv = view.records.read(id, key);
  return { ...kv, sub: id.sub, kv };
}

/** Each key of the range as the view has it, in order, until `visit` answers false. */
export function* walkAlive(
  range: KeyRange,
  view: View,
  work: Work,
  visit: (found: Found) => boolean,
): Steps<void> {
  const request = { ...range, revision: 0 };
  for (let from: Key | null = range.key; from !== null;) {
    const chunk = nextChunk(request, view, from, workPerStep);
    for (let i = 0; i < chunk.keys.length; i++) {
      const found = lookUp(at(chunk.keys, i), at(chunk.entries, i), view.revision, view.records, true);
      if (found === null || found === 'uncollected') continue;
      if (!visit(found)) return;
      if (found.kv !== null && work.isDue(workOfValue(found.kv.value))) yield;
    }
    from = nextFrom(chunk, request);
    if (work.isDue(chunk.keys.length + 1)) yield;
  }
}

type RangeAt = KeyRange & Pick<RangeRequest, 'revision'>;

function nextChunk(request: RangeAt, view: View, from: Key, max: number): KeyChunk {
  const latest = request.revision <= 0 || request.revision === view.revision;
  return latest && view.isLatest()
    ? view.index.aliveChunk(from, request, max)
    : view.index.chunk(from, request, workPerStep);
}

function nextFrom(chunk: KeyChunk, request: KeyRange): Key | null {
  const last = chunk.keys.at(-1);
  if (last === undefined) return null;
  const from = successorOf(last);
  const end = endOf(request);
  return end !== null && from >= end ? null : from;
}

function lookUp(
  key: Key,
  entry: KeyEntry,
  revision: Revision,
  records: Records,
  wanted: boolean,
): Found | 'uncollected' | null {
  const id = findIn(entry, revision);
  if (id === null) return null;
  if (!wanted) return 'uncollected';
  if (id === entry) return foundIn(key, entry);
  const kv = records.read(id, key);
  return { ...kv, sub: id.sub, kv };
}

function foundIn(key: Key, entry: KeyEntry): Found {
  const { createRevision, main, sub, version, lease } = entry;
  return { key, createRevision, modRevision: main, sub, version, lease, kv: null };
}

export function valueOf(found: Found, records: Records): KeyValue {
  found.kv ??= records.read({ main: found.modRevision, sub: found.sub }, found.key);
  return found.kv;
}

/** The same, of one that is kept until the read is answered. */
function keptValueOf(found: Found, records: Records, work: Work): KeyValue {
  const wasRead = found.kv !== null;
  const kv = valueOf(found, records);
  if (!wasRead) work.keep(sizeBytesOf(kv));
  return kv;
}

function sizeBytesOf(kv: KeyValue | null): number {
  return kv === null ? 0 : kv.value.length;
}

function valueless(found: Found): KeyValue {
  const { key, createRevision, modRevision, version, lease } = found;
  return { key, createRevision, modRevision, version, value: emptyBytes, lease };
}

/** An order or a filter that can only be served from all keys of the range. */
function needsAll(request: RangeRequest): boolean {
  return (
    request.sortOrder !== 'none' ||
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0
  );
}

function isSelective(request: RangeRequest): boolean {
  return needsAll(request) || request.sortTarget !== 'key';
}

function passes(request: RangeRequest, { createRevision, modRevision }: Found): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (maxModRevision !== 0 && modRevision > maxModRevision) return false;
  if (minModRevision !== 0 && modRevision < minModRevision) return false;
  if (maxCreateRevision !== 0 && createRevision > maxCreateRevision) return false;
  return minCreateRevision === 0 || createRevision >= minCreateRevision;
}

/** Stable; a target other than the key, which the order of reading is, sorts upwards by default. */
function* sort(request: RangeRequest, kvs: Found[], view: View, work: Work): Steps<void> {
  const { sortTarget, sortOrder } = request;
  if (sortTarget === 'key') {
    if (sortOrder === 'descend') kvs.reverse();
    return;
  }
  if (sortTarget === 'value') {
    for (const kv of kvs) {
      const { value } = keptValueOf(kv, view.records, work);
      if (work.isDue(1 + workOfValue(value))) yield;
    }
  }
  const compare = comparisonBy(sortTarget);
  yield* sortInSteps(kvs, sortOrder === 'descend' ? (a, b) => compare(b, a) : compare);
}

function comparisonBy(target: Exclude<SortTarget, 'key'>): (a: Found, b: Found) => number {
  switch (target) {
    case 'version':
      return (a, b) => a.version - b.version;
    case 'create':
      return (a, b) => a.createRevision - b.createRevision;
    case 'mod':
      return (a, b) => a.modRevision - b.modRevision;
    case 'value':
      return (a, b) => compareBytes(sortedValue(a), sortedValue(b));
    case 'invalid':
      return () => 0; // Validation has refused it.
    default:
      return unreachable(target);
  }
}

function sortedValue(found: Found): Uint8Array {
  return some(found.kv, 'values are read before they are compared').value;
}
