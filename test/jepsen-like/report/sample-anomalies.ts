import type { Anomaly, Verdict } from '../../../jepsen-like/checkers/types.js';
import type { AppendStep, History, Operation, OperationBody } from '../../../jepsen-like/history/index.js';

export interface Judged {
  readonly history: History;
  readonly verdicts: readonly { readonly checker: string; readonly verdict: Verdict }[];
}

/** An operation to be put into a history: by a client's process at a time, so long. */
interface Planted {
  readonly client: number;
  readonly fromUs: number;
  readonly toUs: number | null;
  readonly body: OperationBody;
}

const aroundUs = 500_000;
const done = { type: 'ok', value: null } as const;
const write = (value: string): OperationBody => ({ kind: 'write', key: 'register/7', value, outcome: done });
const read = (value: string | null): OperationBody => ({
  ...{ kind: 'read', key: 'register/7', serializable: false },
  outcome: { type: 'ok', value: { value } },
});
const append = (
  steps: readonly AppendStep[],
  reads: readonly (readonly number[] | null)[],
): OperationBody => ({
  ...{ kind: 'append', steps },
  outcome: { type: 'ok', value: { reads } },
});

/** In place of what the clients did then: a stale read, a G-single of three transactions, and a watch that lost an event. */
export function plantAnomalies(history: History, withAnomalies: boolean): Judged {
  const skipped = ['locks', 'leases', 'bank', 'auth'].map((checker) => ({
    checker,
    verdict: { type: 'skipped' } as const,
  }));
  if (!withAnomalies) {
    const ok = ['linearizability', 'revisions', 'cycles', 'watch', 'sets'];
    return {
      history,
      verdicts: [...ok.map((checker) => ({ checker, verdict: { type: 'ok' } as const })), ...skipped],
    };
  }
  const endUs = Math.max(...history.operations.map(({ invokedUs }) => invokedUs));
  const staleAt = Math.round(endUs * 0.36);
  const cycleAt = Math.round(endUs * 0.71);
  const { operations, planted } = plant(history.operations, [...staleRead(staleAt), ...cycle(cycleAt)]);
  const withPlanted = { ...history, operations };
  const stale = planted.slice(0, 8);
  const round = planted.slice(8);
  return {
    history: withPlanted,
    verdicts: [
      { checker: 'revisions', verdict: { type: 'ok' } },
      { checker: 'linearizability', verdict: { type: 'violated', anomalies: [staleAnomaly(stale)] } },
      { checker: 'cycles', verdict: { type: 'violated', anomalies: [cycleAnomaly(round)] } },
      { checker: 'watch', verdict: { type: 'violated', anomalies: [watchAnomaly(withPlanted)] } },
      { checker: 'sets', verdict: { type: 'ok' } },
      {
        checker: 'elections',
        verdict: { type: 'unknown', reason: 'election/1: 2000000 steps were not enough' },
      },
      ...skipped,
    ],
  };
}

function staleRead(at: number): Planted[] {
  const plan = (client: number, from: number, to: number | null, body: OperationBody): Planted => ({
    ...{ client, fromUs: at + from, body },
    toUs: to === null ? null : at + to,
  });
  return [
    plan(0, 0, 4000, write('41')),
    plan(1, 1500, 5200, read('41')),
    plan(2, 3000, 9000, write('42')),
    plan(3, 5600, null, {
      ...write('43'),
      outcome: { type: 'unknown', error: 'etcdserver: request timed out' },
    }),
    plan(4, 6000, 10_500, read('42')),
    plan(5, 11_000, 14_000, read('43')),
    plan(0, 11_500, 16_000, read('43')),
    plan(1, 17_000, 19_500, read('42')),
  ];
}

function cycle(at: number): Planted[] {
  return [
    {
      ...{ client: 2, fromUs: at, toUs: at + 6000 },
      body: append(
        [
          { type: 'read', key: 'list/3' },
          { type: 'append', key: 'list/1', value: 9 },
        ],
        [[4, 6], null],
      ),
    },
    {
      ...{ client: 5, fromUs: at + 1000, toUs: at + 5000 },
      body: append([{ type: 'append', key: 'list/3', value: 8 }], [null]),
    },
    {
      ...{ client: 7, fromUs: at + 7000, toUs: at + 11_000 },
      body: append(
        [
          { type: 'read', key: 'list/3' },
          { type: 'read', key: 'list/1' },
        ],
        [[4, 6, 8], [2]],
      ),
    },
  ];
}

/** Takes out what processes that live then do meanwhile, lets them do these, and numbers all anew; gives the numbers of these. */
function plant(
  operations: readonly Operation[],
  all: readonly Planted[],
): { readonly operations: Operation[]; readonly planted: readonly number[] } {
  const added: Operation[] = [];
  let kept = operations;
  for (const { client, fromUs, toUs, body } of all) {
    const around = operations.filter(({ invokedUs }) => Math.abs(invokedUs - fromUs) < aroundUs);
    const living = [...new Set(around.map(({ process }) => process))].sort((a, b) => a - b);
    const process = living[client % living.length] ?? client;
    added.push({ ...body, id: -1, process, invokedUs: fromUs, completedUs: toUs });
    kept = kept.filter((each) => each.process !== process || !isNear(each, fromUs));
    // After an unknown outcome its client would go on as another.
    if (body.outcome.type === 'unknown')
      kept = kept.map((each) =>
        each.process === process && each.invokedUs > fromUs ? { ...each, process: process + 100_000 } : each,
      );
  }
  const sorted = [...kept, ...added].sort((a, b) => a.invokedUs - b.invokedUs);
  const numbers = new Map(sorted.map((operation, id) => [operation, id]));
  return {
    operations: sorted.map((operation, id) => ({ ...operation, id })),
    planted: added.map((operation) => numbers.get(operation) ?? -1),
  };
}

function isNear({ invokedUs, completedUs }: Operation, us: number): boolean {
  return invokedUs < us + 25_000 && (completedUs ?? invokedUs) > us - 25_000;
}

function staleAnomaly(ids: readonly number[]): Anomaly {
  const stuck = ids.at(-1) ?? -1;
  return {
    name: 'stale read',
    explanation: `Operation ${stuck} read 42 from register/7, although 43 had been read by two others that ended before it began, and nobody wrote 42 again.`,
    operations: ids,
    calls: [],
    watches: [],
    drawing: {
      type: 'linearization',
      order: ids.slice(0, -1),
      stuck,
      states: [
        { state: 'register/7 = 43', excludes: 'the operation read 42' },
        { state: 'register/7 = 43, write of 43 not done', excludes: 'two reads saw 43 before' },
      ],
    },
  };
}

function cycleAnomaly([reader = -1, writer = -1, last = -1]: readonly number[]): Anomaly {
  return {
    name: 'G-single',
    explanation: `${reader} read list/3 before ${writer} appended 8 to it; ${last} read that 8, but not what ${reader} had appended to list/1.`,
    operations: [reader, writer, last],
    calls: [],
    watches: [],
    drawing: {
      type: 'cycle',
      edges: [
        {
          from: reader,
          to: writer,
          kind: 'rw',
          why: `${reader} read list/3 = [4, 6], without the 8 that ${writer} appended`,
        },
        {
          from: writer,
          to: last,
          kind: 'wr',
          why: `${last} read list/3 = [4, 6, 8], with the 8 of ${writer}`,
        },
        {
          from: last,
          to: reader,
          kind: 'rw',
          why: `${last} read list/1 = [2], without the 9 that ${reader} appended`,
        },
      ],
    },
  };
}

function watchAnomaly({ watches, calls }: History): Anomaly {
  const watch = watches[1]?.id ?? 0;
  const line = (revision: number, key: string): string =>
    `put ${key} = ${revision * 3} at revision ${revision}`;
  const expected = [
    line(30_811, 'register/2'),
    line(30_812, 'register/5'),
    line(30_814, 'register/2'),
    line(30_815, 'register/0'),
    line(30_817, 'register/6'),
  ];
  const put = calls.find(({ request }) => request.type === 'put');
  return {
    name: 'watch event lost',
    explanation: `Watch ${watch} was told all up to revision 30817, but the put of register/2 at revision 30814 never came.`,
    operations: [],
    calls: put === undefined ? [] : [put.id],
    watches: [watch],
    drawing: { type: 'watch', watch, expected, actual: expected.filter((_, place) => place !== 2), at: 2 },
  };
}
