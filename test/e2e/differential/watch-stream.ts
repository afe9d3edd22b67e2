import { fieldsOf, toldFields } from './answer.js';
import type { Fields } from './answer.js';
import type { Identity } from './model.js';
import { bytesFor, tokenOf } from './run.js';
import type { Side } from './side.js';
import { methods } from './wire.js';
import type { WatchPlan } from './watches.js';

/** A stream of watches to one member, and all that it told, watch by watch. */
export interface WatchStream {
  /** How it ended, or null. */
  readonly end: string | null;
  /** The ids that anything was told of; -1 for what is about no watch. */
  ids(): readonly string[];
  /** One record for each event, and one for each answer without events. */
  logOf(id: string): readonly Fields[];
  createdCount(): number;
  lastCreated(): Fields | null;
  create(plan: WatchPlan): void;
  cancel(id: string): void;
  askProgress(): void;
  /** Resolves with true as soon as the condition holds; it is looked at whenever something comes. */
  until(isDone: () => boolean, timeoutMs: number): Promise<boolean>;
  describe(): string;
  close(): void;
}

const method = methods['Watch/Watch'];

export function openWatchStream(side: Side, member: number, as: Identity): WatchStream {
  const logs = new Map<string, Fields[]>();
  const waiting = new Set<() => void>();
  let end: string | null = null;
  let created = 0;
  let lastCreated: Fields | null = null;

  const stream = side.wire(member).open(method.path, tokenOf(side, as), {
    onMessage(bytes) {
      take(fieldsOf(method.response, bytes));
      wake();
    },
    onEnd(code, sentence) {
      end = `code ${code}: ${sentence}`;
      wake();
    },
  });

  function wake(): void {
    for (const look of [...waiting]) look();
  }

  function take(response: Fields): void {
    const {
      events,
      watchId = '0',
      ...rest
    } = response as {
      readonly header?: { readonly revision?: string };
      readonly events?: readonly Fields[];
      readonly watchId?: string;
      readonly created?: boolean;
    };
    const log = logs.get(watchId) ?? [];
    logs.set(watchId, log);
    if (events === undefined || events.length === 0) {
      const record = toldFields(side, { ...rest, watchId }).fields;
      log.push(record);
      if (rest.created !== true) return;
      created += 1;
      lastCreated = record;
      return;
    }
    checkWhole(log, events, Number(rest.header?.revision ?? 0));
    // How many events one answer holds is a matter of moments, and so is its header's revision.
    for (const event of events) log.push({ event: toldFields(side, event).fields });
  }

  function send(message: object): void {
    if (end === null) stream.send(bytesFor('Watch/Watch', () => message, side));
  }

  return {
    get end() {
      return end;
    },
    ids: () => [...logs.keys()],
    logOf: (id) => logs.get(id) ?? [],
    createdCount: () => created,
    lastCreated: () => lastCreated,
    create: ({ key, rangeEnd, ...plan }) =>
      send({
        createRequest: {
          ...plan,
          key: Buffer.from(key, 'latin1'),
          rangeEnd: Buffer.from(rangeEnd, 'latin1'),
        },
      }),
    cancel: (watchId) => send({ cancelRequest: { watchId } }),
    askProgress: () => send({ progressRequest: {} }),
    until: (isDone, timeoutMs) =>
      new Promise((resolve) => {
        const finish = (done: boolean): void => {
          waiting.delete(look);
          clearTimeout(timer);
          resolve(done);
        };
        const look = (): void => {
          if (isDone()) finish(true);
        };
        const timer = setTimeout(() => finish(false), timeoutMs);
        waiting.add(look);
        look();
      }),
    describe: () => {
      const lines = [...logs].map(([id, log]) => `${id}: ${log.map(briefly).join(' ')}`);
      return [end ?? 'open', ...lines].join('\n');
    },
    close: () => stream.cancel(),
  };
}

/** What no answer may do, whoever gives it: split a revision, go back, or tell of what its header does not know. */
function checkWhole(log: readonly Fields[], events: readonly Fields[], headerRevision: number): void {
  const last = log.at(-1)?.['event'];
  const before = last === undefined ? 0 : revisionOf(last);
  const [first] = events;
  if (first !== undefined && revisionOf(first) <= before) {
    throw new Error(`an answer begins with revision ${revisionOf(first)} after ${before} was told`);
  }
  if (Math.max(...events.map(revisionOf)) > headerRevision) {
    throw new Error(`an answer of revision ${headerRevision} tells of a later one`);
  }
}

function briefly(record: Fields): string {
  if ('event' in record) return String(revisionOf(record['event']));
  return record['canceled'] === true ? 'canceled' : record['created'] === true ? 'created' : 'progress';
}

function revisionOf(event: unknown): number {
  const { kv } = event as { readonly kv?: { readonly modRevision?: string } };
  return Number(kv?.modRevision ?? 0);
}
