import { CallError, grpcCodes } from '../store/index.js';
import type { HeldLock } from '../store/index.js';
import { insist } from './insist.js';
import { underLease } from './leased.js';
import type { Ending } from './leased.js';
import { get, put, unchanged } from './requests.js';
import type { Client, Workload } from './types.js';

interface Action {
  readonly lock: number;
  readonly element: number;
  /** Also the id of the lease. */
  readonly lease: string;
  readonly ttlSeconds: number;
  /** Between reading the guarded set and writing it. */
  readonly thinkMs: number;
  /** Forgets lock and lease when it is done. */
  readonly crashes: boolean;
}

const locksMax = 2;
/** The guarded set of the other one is written by whoever believes to hold the lock. */
const isFenced = (lock: number): boolean => lock === 0;
const nameOf = (lock: number): string => `lock/${isFenced(lock) ? 'fenced' : 'plain'}`;
const setOf = (lock: number): string => `guarded-${isFenced(lock) ? 'fenced' : 'plain'}`;
const keyOf = (lock: number): string => `lock-set/${lock}`;
const fenceKey = 'lock-fence';
/** Values compare as bytes: fences have the same length each. */
const padded = (fence: number): string => String(fence).padStart(16, '0');

/**
 * Sets that locks guard: each client locks, reads, thinks, writes, and unlocks. One set is fenced: whoever has the lock raises a fence when it
 * reads, and a write goes through only while nobody has raised it higher. The other shows what a lock alone is worth.
 */
export const lock: Workload<Action> = {
  name: 'lock',
  summary: 'sets guarded by locks, with a fence and without',
  checkers: ['locks', 'revisions'],
  draw({ random, nth }) {
    return {
      lock: random.below(locksMax),
      element: nth,
      lease: String(nth),
      ttlSeconds: 2 + random.below(3),
      thinkMs: random.chance(0.93) ? random.below(40) : random.below(4000),
      crashes: random.chance(0.1),
    };
  },
  async prepare(client) {
    await insist(client, () =>
      client.session.request<'txn'>({
        type: 'txn',
        compare: [unchanged(fenceKey, 0)],
        success: [put(fenceKey, padded(0))],
        failure: [],
      }),
    );
  },
  async perform(action, client) {
    await underLease(client, action, () => holdLock(client, action));
  },
  async finish(client) {
    for (let number = 0; number < locksMax; number++) await readAll(client, number);
  },
};

async function holdLock(client: Client, action: Action): Promise<Ending> {
  const { session } = client;
  const name = nameOf(action.lock);
  const taken: { lock: HeldLock | null } = { lock: null };
  const outcome = await client.operation({ kind: 'lock', name, lease: action.lease }, async () => {
    taken.lock = await session.lock(name, action.lease);
    const { fence, front } = taken.lock;
    return { fence, front };
  });
  if (outcome.type !== 'ok' || taken.lock === null) return 'revoke';
  const { key, fence } = taken.lock;
  const { element, thinkMs } = action;
  const set = setOf(action.lock);
  const fenced = isFenced(action.lock);
  const write = { client, key: keyOf(action.lock), element, thinkMs };
  await client.operation({ kind: 'guarded-add', set, element, fence, fenced }, async () => {
    await (fenced ? addFenced(write, fence) : addPlain(write));
    return null;
  });
  if (action.crashes) return 'crash';
  await client.operation({ kind: 'unlock', name, fence }, async () => {
    await session.unlock(key);
    return null;
  });
  return 'revoke';
}

interface Write {
  readonly client: Client;
  readonly key: string;
  readonly element: number;
  readonly thinkMs: number;
}

async function addPlain({ client, key, element, thinkMs }: Write): Promise<void> {
  const [kv] = (await client.session.request<'range'>(get(key))).kvs;
  await client.sleep(thinkMs);
  await client.session.request<'put'>(put(key, withElement(kv?.value, element)));
}

/** To read is to raise the fence: from then on whoever had the lock before writes nothing any more that this one has not read. */
async function addFenced({ client, key, element, thinkMs }: Write, fence: number): Promise<void> {
  const { session } = client;
  const raised = await session.request<'txn'>({
    type: 'txn',
    compare: [{ key: fenceKey, target: 'value', sign: '<', operand: padded(fence) }],
    success: [put(fenceKey, padded(fence)), get(key)],
    failure: [],
  });
  if (!raised.succeeded) throw overtaken();
  const [, read] = raised.responses;
  await client.sleep(thinkMs);
  const { succeeded } = await session.request<'txn'>({
    type: 'txn',
    compare: [{ key: fenceKey, target: 'value', sign: '=', operand: padded(fence) }],
    success: [put(key, withElement(read?.type === 'range' ? read.kvs[0]?.value : undefined, element))],
    failure: [],
  });
  if (!succeeded) throw overtaken();
}

function overtaken(): CallError {
  return new CallError(grpcCodes.failedPrecondition, 'a later fence is there');
}

function withElement(elements: string | undefined, element: number): string {
  return JSON.stringify([...elementsOf(elements), element]);
}

function elementsOf(value: string | undefined): readonly number[] {
  return value === undefined ? [] : (JSON.parse(value) as number[]);
}

async function readAll(client: Client, number: number): Promise<void> {
  await client.operation(
    { kind: 'elements', set: setOf(number) },
    async () => {
      const [kv] = (await client.session.request<'range'>(get(keyOf(number)))).kvs;
      return { elements: elementsOf(kv?.value) };
    },
    { isRead: true },
  );
}
