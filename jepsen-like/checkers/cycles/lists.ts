import type { Operation } from '../../history/index.js';
import { anomalyOf } from '../anomaly.js';
import { groupBy } from '../group-by.js';
import { precedes } from '../order.js';
import type { Anomaly } from '../types.js';
import type { Graph } from './graph.js';
import { readsOf } from './list-reads.js';
import type { Append, Read } from './list-reads.js';
import { writersOf } from './writers.js';
import type { Writers } from './writers.js';

/** Pairs of a reader of the whole list and a writer that nobody read: more say nothing more in practice. */
const unreadPairsMax = 200_000;

/**
 * Transactions over lists (Elle, Kingsbury and Alvaro 2020): values are appended once, so a list tells the order of those who wrote it,
 * and with it who must have come before whom.
 */
export function addLists(operations: readonly Operation[], graph: Graph, anomalies: Anomaly[]): Writers {
  const all = operations.filter((each): each is Append => each.kind === 'append');
  const writers = writersOf(all, ({ steps }) =>
    steps.flatMap((step) => (step.type === 'append' ? [{ key: step.key, value: String(step.value) }] : [])),
  );
  const reads = all.flatMap((transaction) => readsOf(transaction, anomalies));
  for (const [key, its] of groupBy(reads, (read) => read.key)) {
    const longest = its.reduce((best, read) => (read.values.length > best.values.length ? read : best));
    checkReads(key, its, longest, writers, anomalies);
    addEdges(key, its, longest, writers, graph);
    addUnread(key, its, longest, { all, writers }, graph);
  }
  return writers;
}

/** Every list has to be the beginning of the longest one, of values that were written, each once, and whole. */
function checkReads(
  key: string,
  reads: readonly Read[],
  longest: Read,
  writers: Writers,
  anomalies: Anomaly[],
): void {
  checkValues(longest, writers, anomalies);
  for (const read of reads) {
    if (read !== longest && !isBeginning(read.values, longest.values)) {
      const what = `list ${key} was read as ${shown(read.values)} and as ${shown(longest.values)}`;
      const ids = { operations: [read.by.id, longest.by.id] };
      anomalies.push(anomalyOf('incompatible orders', what, ids));
      checkValues(read, writers, anomalies);
    } else checkEnd(read, writers, anomalies);
  }
}

function isBeginning(values: readonly number[], whole: readonly number[]): boolean {
  for (let place = values.length - 1; place >= 0; place--) if (values[place] !== whole[place]) return false;
  return true;
}

function checkValues(read: Read, writers: Writers, anomalies: Anomaly[]): void {
  const { by, key, values } = read;
  const ids = { operations: [by.id] };
  if (new Set(values).size < values.length)
    anomalies.push(anomalyOf('duplicate elements', `list ${key} has a value twice: ${shown(values)}`, ids));
  for (const [place, value] of values.entries()) {
    const writer = writers.of(key, value);
    if (writer === undefined) {
      const what = `${value} was read in ${key}, and nobody has written it`;
      anomalies.push(anomalyOf('value from nowhere', what, ids));
    } else if (writer.outcome.type === 'failed') {
      const what = `${value} was read in ${key}, and operation ${writer.id} that wrote it was refused`;
      anomalies.push(anomalyOf('G1a (aborted read)', what, { operations: [writer.id, by.id] }));
    } else if (place + 1 < values.length) {
      checkWhole(read, { value, next: values[place + 1] }, writers, anomalies);
    }
  }
  checkEnd(read, writers, anomalies);
}

/** What one transaction appends stands in the list as a whole, or not at all. */
function checkEnd(read: Read, writers: Writers, anomalies: Anomaly[]): void {
  const value = read.values.at(-1);
  if (value !== undefined) checkWhole(read, { value, next: undefined }, writers, anomalies);
}

function checkWhole(
  { by, key }: Read,
  { value, next }: { readonly value: number; readonly next: number | undefined },
  writers: Writers,
  anomalies: Anomaly[],
): void {
  const writer = writers.of(key, value);
  if (writer === undefined || writer.id === by.id || writer.outcome.type === 'failed') return;
  const own = (writer as Append).steps.flatMap((step) =>
    step.type === 'append' && step.key === key ? [step.value] : [],
  );
  const following = own[own.indexOf(value) + 1];
  if (following === undefined || following === next) return;
  const what = `${value} was read in ${key} without ${following}, which operation ${writer.id} appended together with it`;
  anomalies.push(anomalyOf('G1b (intermediate read)', what, { operations: [writer.id, by.id] }));
}

function addEdges(key: string, reads: readonly Read[], longest: Read, writers: Writers, graph: Graph): void {
  const { values } = longest;
  for (let place = 1; place < values.length; place++) {
    const before = writers.of(key, values[place - 1]);
    const after = writers.of(key, values[place]);
    const why = `${values[place] ?? ''} follows ${values[place - 1] ?? ''} in ${key}`;
    if (before !== undefined && after !== undefined)
      graph.add(before.id, { to: after.id, kind: 'ww', isTimed: false, key, why });
  }
  for (const { by, values: seen } of reads) {
    const last = seen.at(-1);
    const writer = writers.of(key, last);
    if (writer !== undefined && writer.outcome.type !== 'failed') {
      const why = `${last ?? ''} in ${key} was read`;
      graph.add(writer.id, { to: by.id, kind: 'wr', isTimed: false, key, why });
    }
    const next = values[seen.length];
    const overwriter = writers.of(key, next);
    if (overwriter !== undefined) {
      const why = `${next ?? ''} in ${key} was not yet there`;
      graph.add(by.id, { to: overwriter.id, kind: 'rw', isTimed: false, key, why });
    }
  }
}

/** What was acknowledged and stands in no list comes after all that was read: lists only grow. */
function addUnread(
  key: string,
  reads: readonly Read[],
  longest: Read,
  { all, writers }: { readonly all: readonly Append[]; readonly writers: Writers },
  graph: Graph,
): void {
  const seen = new Set(longest.values);
  const whole = reads.filter((read) => read.values.length === seen.size);
  const last = writers.of(key, longest.values.at(-1));
  let left = unreadPairsMax;
  for (const writer of all) {
    if (writer.outcome.type !== 'ok') continue;
    const value = writer.steps.find(
      (step) => step.type === 'append' && step.key === key && !seen.has(step.value),
    );
    if (value?.type !== 'append') continue;
    const common = { to: writer.id, isTimed: false, key };
    const why = `${value.value} in ${key} stands in no list`;
    if (last !== undefined) graph.add(last.id, { ...common, kind: 'ww', why });
    const later = whole.find(({ by }) => precedes(writer, by));
    const readers = left > whole.length ? whole : later === undefined ? [] : [later];
    left -= readers.length;
    for (const { by } of readers) graph.add(by.id, { ...common, kind: 'rw', why });
  }
}

/** Lists grow long, and differ at their ends. */
const shownMax = 12;

function shown(values: readonly number[]): string {
  return values.length <= shownMax
    ? `[${values.join()}]`
    : `[… ${values.length - shownMax} more, ${values.slice(-shownMax).join()}]`;
}
