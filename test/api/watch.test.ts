import { describe, expect, it } from 'vitest';
import { createWatchSession } from '../../src/api/watch/index.js';
import { createHeaderWriter } from '../../src/api/header.js';
import type { CallStream } from '../../src/api/method.js';
import { defaultApiLimits } from '../../src/api/limits.js';
import { at, QuorateError } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import type { Member, WatchEvent, WatchRequest, WatchSink } from '../../src/member/index.js';
import { stubMember } from './stub-member.js';

const { WatchRequest: Request, WatchResponse: Response } = etcdserverpb;

/** A watcher as the hub would have it, played by the test. */
interface Played {
  readonly wanted: WatchRequest;
  readonly sink: WatchSink;
  isSynced: boolean;
  nextRevision: number;
  resumed: number;
  cancelled: boolean;
}

interface Stage {
  readonly played: Played[];
  readonly answers: etcdserverpb.WatchResponse[];
  ask(request: etcdserverpb.WatchRequest.$Properties): Promise<void>;
  /** The hub has handed out a turn. */
  endTurn(): void;
  /** The client has stopped reading. */
  block(): void;
  unblock(): Promise<void>;
  revision: number;
  /** What the hub answers to whoever wants to watch. */
  refusal: QuorateError | null;
}

function setStage(limits: Partial<typeof defaultApiLimits> = {}, auth: Partial<Member['auth']> = {}): Stage {
  const played: Played[] = [];
  const answers: etcdserverpb.WatchResponse[] = [];
  const onTurn: (() => void)[] = [];
  let unblock: (() => void) | null = null;
  let blocked: Promise<void> | null = null;
  const member: Member = {
    ...stubMember(),
    header: () => ({ term: 7, revision: stage.revision }),
    auth: { ...stubMember().auth, requireRange() {}, ...auth },
    watches: {
      watch(wanted, sink) {
        if (stage.refusal !== null) throw stage.refusal;
        const watcher: Played = {
          wanted,
          sink,
          isSynced: true,
          nextRevision: stage.revision + 1,
          resumed: 0,
          cancelled: false,
        };
        played.push(watcher);
        return Object.assign(watcher, {
          resume: () => {
            watcher.resumed++;
          },
          cancel: () => (watcher.cancelled = true),
        });
      },
      onNextTurn(listener) {
        onTurn.push(listener);
      },
      watcherCount: 0,
      unsyncedCount: 0,
    },
  };
  const call: CallStream = {
    context: { requiresLeader: false, credentials: { token: null, commonName: null } },
    requests: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) },
    send(answer) {
      answers.push(Response.decode(answer));
      return blocked === null;
    },
    drained: () => blocked ?? Promise.resolve(),
    signal: new AbortController().signal,
  };
  const session = createWatchSession({
    call,
    member,
    header: createHeaderWriter(member),
    limits: { ...defaultApiLimits, ...limits },
  });
  const stage: Stage = {
    played,
    answers,
    ask: (request) => session.handle(Request.decode(Request.encode(request).finish())),
    endTurn() {
      for (const listener of onTurn.splice(0)) listener();
    },
    block() {
      blocked = new Promise((resolve) => (unblock = resolve));
    },
    async unblock() {
      blocked = null;
      unblock?.();
      await Promise.resolve();
      await Promise.resolve();
    },
    revision: 5,
    refusal: null,
  };
  return stage;
}

function event(revision: number, value = ''): WatchEvent {
  const kv = {
    key: 'k',
    createRevision: 2,
    modRevision: revision,
    version: 1,
    value: Buffer.from(value),
    lease: 0n,
  };
  return { type: 'put', kv, previous: null };
}

const create = (
  more: etcdserverpb.WatchCreateRequest.$Properties = {},
): etcdserverpb.WatchRequest.$Properties => ({
  createRequest: { key: Buffer.from('k'), ...more },
});

/** What an answer says beside its header, without what it leaves out. */
function told(answer: etcdserverpb.WatchResponse | undefined): Record<string, unknown> {
  const { watchId, created, canceled, compactRevision, cancelReason, fragment, events } = answer ?? {};
  return {
    id: Number(watchId),
    ...(created === true ? { created } : {}),
    ...(canceled === true ? { canceled } : {}),
    ...(Number(compactRevision) > 0 ? { compactRevision: Number(compactRevision) } : {}),
    ...(cancelReason === '' || cancelReason === undefined ? {} : { cancelReason }),
    ...(fragment === true ? { fragment } : {}),
    ...((events ?? []).length > 0 ? { events: events?.length } : {}),
  };
}

describe('A watch stream', () => {
  it('numbers watches from 0, passing over the ids that the client chose', async () => {
    const stage = setStage();
    await stage.ask(create());
    await stage.ask(create({ watchId: 1 }));
    await stage.ask(create());
    expect(stage.answers.map((answer) => Number(answer.watchId))).toEqual([0, 1, 2]);
    expect(stage.answers.every(({ created, canceled }) => created && !canceled)).toBe(true);
  });

  it.each([
    ['an id that is taken', { watchId: 5 }, 'mvcc: duplicate watch ID provided on the WatchStream'],
    ['a range without keys', { rangeEnd: Buffer.from('k') }, 'mvcc: watcher range is empty'],
  ])('refuses %s, and lives on', async (_, more, cancelReason) => {
    const stage = setStage();
    await stage.ask(create({ watchId: 5 }));
    await stage.ask(create(more));
    expect(told(stage.answers[1])).toEqual({ id: -1, created: true, canceled: true, cancelReason });
    await stage.ask(create());
    expect(told(stage.answers[2])).toEqual({ id: 0, created: true });
  });

  it('refuses who may not read, in the words that clients compare', async () => {
    const denied = (): never => {
      throw new QuorateError('permission-denied');
    };
    const stage = setStage({}, { requireRange: denied });
    await stage.ask(create());
    expect(told(stage.answers[0])).toMatchObject({
      id: -1,
      cancelReason: 'rpc error: code = PermissionDenied desc = etcdserver: permission denied',
    });
  });

  it('takes no key for the smallest, and \\0 as the end for no end', async () => {
    const stage = setStage();
    await stage.ask({ createRequest: { rangeEnd: Buffer.from([0]) } });
    expect(at(stage.played, 0).wanted).toMatchObject({ key: '\0', rangeEnd: '\0' });
  });

  it('cancels with a word, and what is not there without one', async () => {
    const stage = setStage();
    await stage.ask(create());
    await stage.ask({ cancelRequest: { watchId: 9 } });
    await stage.ask({ cancelRequest: { watchId: 0 } });
    expect(stage.answers.map(told)).toEqual([
      { id: 0, created: true },
      { id: 0, canceled: true },
    ]);
    expect(at(stage.played, 0).cancelled).toBe(true);
  });

  it('tells that history is gone, without a revision in the header', async () => {
    const stage = setStage();
    await stage.ask(create());
    at(stage.played, 0).sink.compacted(4);
    expect(told(stage.answers[1])).toEqual({ id: 0, canceled: true, compactRevision: 4 });
    expect(Number(stage.answers[1]?.header?.revision)).toBe(0);
  });

  it('splits what is too large only for those who can put it together', async () => {
    const stage = setStage({ watchFragmentSizeBytes: 1000 });
    await stage.ask(create());
    await stage.ask(create({ fragment: true }));
    const events = [1, 2, 3].map(() => event(6, 'v'.repeat(600)));
    for (const { sink } of stage.played) sink.events(events, 6);
    expect(stage.answers.slice(2).map(told)).toEqual([
      { id: 0, events: 3 },
      { id: 1, events: 1, fragment: true },
      { id: 1, events: 1, fragment: true },
      { id: 1, events: 1 },
    ]);
  });
});

describe('A client that does not read', () => {
  it('has its watches parked once enough is waiting for it, and resumed when it has read', async () => {
    const stage = setStage({ watchBacklogSizeBytes: 1000 });
    await stage.ask(create());
    await stage.ask(create());
    stage.block();
    const [first, second] = stage.played as [Played, Played];
    expect(first.sink.events([event(6, 'v'.repeat(900))], 6)).toBe(true);
    expect(second.sink.events([event(6, 'v'.repeat(900))], 6)).toBe(false);
    expect(first.sink.events([event(7)], 7)).toBe(false);
    await stage.unblock();
    expect([first.resumed, second.resumed]).toEqual([1, 1]);
    expect(first.sink.events([event(8)], 8)).toBe(true);
  });

  it('is full for its watches, and its next request waits', async () => {
    const stage = setStage({ watchBacklogSizeBytes: 1000 });
    await stage.ask(create());
    stage.block();
    const { sink } = at(stage.played, 0);
    expect(sink.isFull?.()).toBe(false);
    sink.events([event(6, 'v'.repeat(1200))], 6);
    expect(sink.isFull?.()).toBe(true);
    let isThrough = false;
    const asked = stage.ask({ cancelRequest: { watchId: 7 } }).then(() => (isThrough = true));
    await Promise.resolve();
    expect(isThrough).toBe(false);
    await stage.unblock();
    await asked;
    expect(sink.isFull?.()).toBe(false);
  });

  it('has its parked watches resumed a thousand at a time, as far as they have something to catch up with', async () => {
    const stage = setStage({ watchBacklogSizeBytes: 1000 });
    for (let index = 0; index < 1500; index++) await stage.ask(create());
    stage.block();
    for (const played of stage.played) {
      played.isSynced = false;
      played.sink.events([event(6, 'v'.repeat(1200))], 6);
    }
    const resumed = (): number => stage.played.reduce((sum, played) => sum + played.resumed, 0);
    await stage.unblock();
    expect(resumed()).toBe(1000);
    stage.endTurn();
    expect(resumed()).toBe(1500);
  });

  it('is told when the member has no room for its watch', async () => {
    const stage = setStage();
    stage.refusal = new QuorateError('too-many-requests');
    await stage.ask(create());
    expect(told(stage.answers[0])).toEqual({
      ...{ id: -1, created: true, canceled: true },
      cancelReason: 'rpc error: code = Unknown desc = etcdserver: too many requests',
    });
    stage.refusal = null;
    await stage.ask(create());
    expect(told(stage.answers[1])).toMatchObject({ created: true });
  });
});

describe('Progress', () => {
  it('is told once for the whole stream, when all its watches have arrived', async () => {
    const stage = setStage();
    await stage.ask(create());
    await stage.ask(create());
    const behind = at(stage.played, 1);
    behind.isSynced = false;
    await stage.ask({ progressRequest: {} });
    await stage.ask({ progressRequest: {} });
    expect(stage.answers).toHaveLength(2);
    stage.endTurn();
    expect(stage.answers).toHaveLength(2);
    behind.isSynced = true;
    stage.endTurn();
    expect(stage.answers.slice(2).map(told)).toEqual([{ id: -1 }]);
    expect(Number(stage.answers[2]?.header?.revision)).toBe(5);
  });

  it('is never ahead of a watch that begins in the future', async () => {
    const stage = setStage();
    await stage.ask(create({ startRevision: 8 }));
    at(stage.played, 0).nextRevision = 8;
    await stage.ask({ progressRequest: {} });
    stage.endTurn();
    expect(stage.answers).toHaveLength(1);
    stage.revision = 8;
    at(stage.played, 0).nextRevision = 9;
    stage.endTurn();
    expect(told(stage.answers[1])).toEqual({ id: -1 });
  });

  it('is told now and then to those who asked for it, unless events have said as much', async () => {
    const stage = setStage({ watchProgressIntervalMs: 20 });
    await stage.ask(create({ progressNotify: true }));
    await stage.ask(create());
    await expect.poll(() => stage.answers.length).toBeGreaterThan(3);
    expect(stage.answers.slice(2).every(({ watchId }) => Number(watchId) === 0)).toBe(true);
  });
});
