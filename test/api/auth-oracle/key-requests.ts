import { etcdserverpb } from '../../../src/gen/protos.js';
import type { Keys } from './people.js';
import type { Need } from './rules.js';

/** One call, and what it needs. */
export interface Case {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly needs: readonly Need[] | null;
  /** What those who may are told then; left out: it is done. */
  readonly permitted?: string;
}

interface Target {
  readonly name: string;
  readonly key: string;
  readonly rangeEnd: string;
  readonly keys: Keys;
}

const targets: readonly Target[] = [
  { name: 'd', key: 'd', rangeEnd: '', keys: 'd' },
  { name: 'dd', key: 'dd', rangeEnd: '', keys: 'D' },
  { name: 'h', key: 'h', rangeEnd: '', keys: 'h' },
  { name: '[d,d\\0)', key: 'd', rangeEnd: 'd\0', keys: 'd' },
  { name: '[c,f)', key: 'c', rangeEnd: 'f', keys: 'cCdDeE' },
  { name: '[b,e)', key: 'b', rangeEnd: 'e', keys: 'bBcCdD' },
  { name: '[e,…)', key: 'e', rangeEnd: '\0', keys: 'eEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ>' },
];
const singles = targets.filter(({ rangeEnd }) => rangeEnd === '');

type Operation = etcdserverpb.RequestOp.$Properties;
type Txn = etcdserverpb.TxnRequest.$Properties;

export interface Step {
  readonly name: string;
  /** As a call of its own; null: it only exists within a transaction. */
  readonly plain: { readonly path: string; readonly bytes: Uint8Array } | null;
  readonly within: (txn: Txn) => Txn;
  readonly needs: readonly Need[];
}

export const bytes = (key: string): Buffer => Buffer.from(key, 'latin1');

function rangeSteps(): readonly Step[] {
  return targets.map(({ name, key, rangeEnd, keys }) => {
    const requestRange = { key: bytes(key), rangeEnd: bytes(rangeEnd) };
    return {
      name: `range ${name}`,
      plain: {
        path: '/etcdserverpb.KV/Range',
        bytes: etcdserverpb.RangeRequest.encode(requestRange).finish(),
      },
      within: adding({ request: 'requestRange', requestRange }),
      needs: [{ right: 'read', keys }],
    };
  });
}

/** Watches want what a range of the same keys wants. */
export function watchCases(): readonly Case[] {
  return targets.map(({ name, key, rangeEnd, keys }) => ({
    name: `watch ${name}`,
    path: '/etcdserverpb.Watch/Watch',
    bytes: etcdserverpb.WatchRequest.encode({
      createRequest: { key: bytes(key), rangeEnd: bytes(rangeEnd) },
    }).finish(),
    needs: [{ right: 'read', keys }],
  }));
}

function putSteps(): readonly Step[] {
  return singles.flatMap(({ name, key, keys }) =>
    [false, true].map((prevKv): Step => {
      const requestPut = { key: bytes(key), value: bytes('v'), prevKv };
      return {
        name: `put ${name}${prevKv ? ' with prev_kv' : ''}`,
        plain: { path: '/etcdserverpb.KV/Put', bytes: etcdserverpb.PutRequest.encode(requestPut).finish() },
        within: adding({ request: 'requestPut', requestPut }),
        needs: [{ right: 'write', keys }, ...(prevKv ? [{ right: 'read', keys } as const] : [])],
      };
    }),
  );
}

function deleteSteps(): readonly Step[] {
  return targets.flatMap(({ name, key, rangeEnd, keys }) =>
    [false, true].map((prevKv): Step => {
      const requestDeleteRange = { key: bytes(key), rangeEnd: bytes(rangeEnd), prevKv };
      return {
        name: `delete ${name}${prevKv ? ' with prev_kv' : ''}`,
        plain: {
          path: '/etcdserverpb.KV/DeleteRange',
          bytes: etcdserverpb.DeleteRangeRequest.encode(requestDeleteRange).finish(),
        },
        within: adding({ request: 'requestDeleteRange', requestDeleteRange }),
        needs: [{ right: 'write', keys }, ...(prevKv ? [{ right: 'read', keys } as const] : [])],
      };
    }),
  );
}

function compareSteps(): readonly Step[] {
  return targets.map(({ name, key, rangeEnd, keys }) => ({
    name: `compare ${name}`,
    plain: null,
    within: (txn) => ({
      ...txn,
      compare: [...(txn.compare ?? []), { key: bytes(key), rangeEnd: bytes(rangeEnd) }],
    }),
    needs: [{ right: 'read', keys }],
  }));
}

export function adding(operation: Operation): Step['within'] {
  return (txn) => ({ ...txn, success: [...(txn.success ?? []), operation] });
}

/** Where in a transaction the step stands. None of these compares anything: the first branch is the one that is taken. */
const places: readonly { readonly name: string; readonly place: (within: Step['within']) => Txn }[] = [
  { name: 'in then', place: (within) => within({}) },
  { name: 'in else', place: (within) => elseOf(within({})) },
  { name: 'in then of then', place: (within) => nested(within({})) },
  { name: 'in else of then', place: (within) => nested(elseOf(within({}))) },
  { name: 'in then of else', place: (within) => elseOf(nested(within({}))) },
  { name: 'in else of else', place: (within) => elseOf(nested(elseOf(within({})))) },
  { name: 'four deep', place: (within) => nested(elseOf(nested(nested(elseOf(within({})))))) },
];

/** What stood in then stands in else; compares stay. */
function elseOf({ compare = [], success = [], failure = [] }: Txn): Txn {
  return { compare, success: failure, failure: success };
}

function nested(requestTxn: Txn): Txn {
  return { success: [{ request: 'requestTxn', requestTxn }] };
}

/** Every kind of access to keys, by itself and at every place of a transaction. */
export function keyCases(): readonly Case[] {
  return everywhere([...rangeSteps(), ...putSteps(), ...deleteSteps(), ...compareSteps()]);
}

export function everywhere(steps: readonly Step[]): readonly Case[] {
  return steps.flatMap(({ name, plain, within, needs }) => [
    ...(plain === null ? [] : [{ name, needs, ...plain }]),
    ...places.map(({ name: where, place }) => ({
      name: `${name} ${where}`,
      path: '/etcdserverpb.KV/Txn',
      bytes: etcdserverpb.TxnRequest.encode(place(within)).finish(),
      needs,
    })),
  ]);
}
