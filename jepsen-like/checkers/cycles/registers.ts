import type { Operation } from '../../history/index.js';
import { anomalyOf } from '../anomaly.js';
import { groupBy } from '../group-by.js';
import type { Anomaly } from '../types.js';
import type { Graph } from './graph.js';
import { addRealTime } from './realtime.js';
import { accessesOf } from './register-accesses.js';
import type { Access, Registers } from './register-accesses.js';
import { writersOf } from './writers.js';
import type { Writers } from './writers.js';

/** Edges from one version of a key: more say nothing more in practice. */
const edgesMax = 200_000;

/**
 * Transactions over registers (Elle, section 5): each value is written to a key once, so a read tells whom it read. Of the order of versions
 * is known that nothing comes before everything, that who read one and wrote another wrote over it, and, with time, that what was over
 * before another began came first.
 */
export function addRegisters(operations: readonly Operation[], graph: Graph, anomalies: Anomaly[]): Writers {
  const all = operations.filter((each): each is Registers => each.kind === 'registers');
  const writers = writersOf(all, ({ steps }) =>
    steps.flatMap((step) => (step.type === 'write' ? [{ key: step.key, value: step.value }] : [])),
  );
  const accesses = all.flatMap((transaction) => accessesOf(transaction, anomalies));
  for (const [key, its] of groupBy(accesses, (access) => access.key))
    addKey(key, its, { writers, graph, anomalies });
  return writers;
}

interface Context {
  readonly writers: Writers;
  readonly graph: Graph;
  readonly anomalies: Anomaly[];
}

/** Versions of one key by their values; null: nothing was there. */
interface Versions {
  readonly readers: ReadonlyMap<string | null, readonly Access[]>;
  readonly writers: ReadonlyMap<string | null, Access>;
}

function addKey(key: string, accesses: readonly Access[], context: Context): void {
  const { writers, graph, anomalies } = context;
  const readers = new Map<string | null, Access[]>();
  const written = new Map<string | null, Access>();
  for (const access of accesses) {
    const { read, write } = access;
    if (read !== undefined) {
      checkRead(access, read, writers, anomalies);
      const known = readers.get(read);
      if (known === undefined) readers.set(read, [access]);
      else known.push(access);
    }
    if (write !== undefined && access.by.outcome.type !== 'failed') written.set(write, access);
  }
  // What nobody learnt the end of and nobody read may never have happened.
  for (const [value, { by }] of written)
    if (by.outcome.type !== 'ok' && !readers.has(value)) written.delete(value);
  for (const [value, its] of readers) {
    const writer = written.get(value);
    if (writer === undefined) continue;
    const why = `${value ?? 'nothing'} in ${key} was read`;
    for (const { by } of its) graph.add(writer.by.id, { to: by.id, kind: 'wr', isTimed: false, key, why });
  }
  addOrder(key, accesses, { readers, writers: written }, graph);
}

function checkRead({ by, key }: Access, read: string | null, writers: Writers, anomalies: Anomaly[]): void {
  if (read === null) return;
  const writer = writers.of(key, read);
  if (writer === undefined) {
    const what = `${read} was read in ${key}, and nobody has written it`;
    anomalies.push(anomalyOf('value from nowhere', what, { operations: [by.id] }));
    return;
  }
  const operations = [writer.id, by.id];
  if (writer.outcome.type === 'failed') {
    const what = `${read} was read in ${key}, and operation ${writer.id} that wrote it was refused`;
    anomalies.push(anomalyOf('G1a (aborted read)', what, { operations }));
  }
  const last = (writer as Registers).steps.findLast((step) => step.type === 'write' && step.key === key);
  if (last?.type === 'write' && last.value !== read && writer.id !== by.id) {
    const what = `${read} was read in ${key}, which operation ${writer.id} itself replaced by ${last.value}`;
    anomalies.push(anomalyOf('G1b (intermediate read)', what, { operations }));
  }
}

function addOrder(key: string, accesses: readonly Access[], versions: Versions, graph: Graph): void {
  const known = new Set<string>();
  let left = edgesMax;

  function follows(before: string | null, after: string, isTimed: boolean): void {
    const writer = versions.writers.get(after);
    const pair = `${before === null ? '-' : `=${before}`} ${after}`;
    if (writer === undefined || before === after || known.has(pair) || left <= 0) return;
    known.add(pair);
    const common = { to: writer.by.id, isTimed, key };
    const earlier = versions.writers.get(before);
    if (earlier !== undefined) {
      const why = `${after} was written over ${before ?? 'nothing'} in ${key}`;
      graph.add(earlier.by.id, { ...common, kind: 'ww', why });
    }
    for (const { by } of versions.readers.get(before) ?? []) {
      left -= 1;
      const why = `${before ?? 'nothing'} in ${key} was not yet ${after}`;
      graph.add(by.id, { ...common, kind: 'rw', why });
    }
  }

  for (const { read, write } of accesses)
    if (read !== undefined && write !== undefined) follows(read, write, false);
  for (const value of versions.writers.keys()) if (value !== null) follows(null, value, false);
  const timed = accesses.map((access) => ({ ...access.by, isKnown: access.by.outcome.type === 'ok' }));
  const byId = new Map(accesses.map((access) => [access.by.id, access]));
  addRealTime(timed, (early, late) => {
    const before = byId.get(early);
    const after = byId.get(late);
    if (before === undefined || after === undefined) return;
    const old = before.write ?? before.read;
    // Whatever the later one met was there by then; what it wrote itself came after that.
    const met = after.read !== undefined ? after.read : after.write;
    if (old !== undefined && met !== undefined && met !== null) follows(old, met, true);
  });
}
