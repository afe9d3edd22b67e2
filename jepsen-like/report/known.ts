import type { Call, History, Operation, WatchLog } from '../history/index.js';
import { wordsOfCall, wordsOfWatch } from './call-words.js';
import { html } from './html.js';
import type { Html } from './html.js';
import { boundsOf } from './pack.js';
import { lineOf } from './words.js';

/** What anomalies name by number. A number that the history does not have is told as such: the report never fails for it. */
export interface Known {
  operation(id: number): string;
  call(id: number): string;
  watch(id: number): string;
  operationOf(id: number): Operation | null;
  callOf(id: number): Call | null;
  /** A time of the history as the page has it: since the run began. */
  sinceStart(us: number): number;
}

export function createKnown(history: History): Known {
  const { operations, calls, watches } = history;
  const { startUs } = boundsOf(history);
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const callById = new Map(calls.map((call) => [call.id, call]));
  const watchById = new Map<number, WatchLog>(watches.map((watch) => [watch.id, watch]));
  const missing = 'not in this history';
  return {
    operation(id) {
      const operation = byId.get(id);
      return operation === undefined ? missing : lineOf(operation);
    },
    call(id) {
      const call = callById.get(id);
      if (call === undefined) return missing;
      const { action, result } = wordsOfCall(call);
      return `${action} → ${result}`;
    },
    watch(id) {
      const watch = watchById.get(id);
      return watch === undefined ? missing : wordsOfWatch(watch);
    },
    operationOf: (id) => byId.get(id) ?? null,
    callOf: (id) => callById.get(id) ?? null,
    sinceStart: (us) => Math.round(us - startUs),
  };
}

/** The number of an operation; pressed, it is shown in the timeline. */
export function operationButton(id: number, known: Known): Html {
  return html`<button type="button" class="id" data-operations="${id}" title="${known.operation(id)}">
    ${id}
  </button>`;
}
