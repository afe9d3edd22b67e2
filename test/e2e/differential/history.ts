import type { Fields } from './answer.js';
import type { Run } from './run.js';
import type { Side } from './side.js';
import { openWatchStream } from './watch-stream.js';
import { methods } from './wire.js';
import type { WatchPlan } from './watches.js';
import { tokenOf } from './run.js';

/** All that happened, as etcd told it to one watch of everything that never ends: what any other watch must be told. */
export interface History {
  /** Waits until all is known that has happened, and answers with the store's revision. */
  catchUp(run: Run): Promise<number>;
  /** What a watch must be told of `from` … `to`. */
  toldTo(plan: WatchPlan, from: number, to: number): readonly Fields[];
  close(): void;
}

const timeoutMs = 15_000;

/** Begins before anything is written and before anybody needs a user. */
export async function createHistory(reference: Side): Promise<History> {
  const stream = openWatchStream(reference, 0, 'nobody');
  stream.create({
    key: '\0',
    rangeEnd: '\0',
    startRevision: 1,
    filters: [],
    prevKv: false,
    progressNotify: false,
    fragment: false,
    watchId: '0',
  });
  await stream.until(() => stream.createdCount() > 0, timeoutMs);
  const events = (): readonly Fields[] =>
    stream.logOf('0').flatMap((record) => ('event' in record ? [record['event'] as Fields] : []));

  return {
    async catchUp(run) {
      const revision = await revisionOf(run);
      const isThere = await stream.until(() => {
        const last = stream.logOf('0').at(-1)?.['event'];
        return revision <= 1 || (last !== undefined && modRevisionOf(last as Fields) >= revision);
      }, timeoutMs);
      if (!isThere)
        throw new Error(`etcd told no event of revision ${revision}: ${stream.end ?? 'still open'}`);
      return revision;
    },
    toldTo(plan, from, to) {
      const isKey = keyTest(plan);
      return events().filter((event) => {
        const revision = modRevisionOf(event);
        const isDelete = event['type'] === 'DELETE';
        if (plan.filters.includes(isDelete ? 'NODELETE' : 'NOPUT')) return false;
        const { key = '' } = event['kv'] as { readonly key?: string };
        return revision >= from && revision <= to && isKey(key);
      });
    },
    close: () => stream.close(),
  };
}

/** The store's revision: any answer's header tells it, a refusal's does not. */
async function revisionOf(run: Run): Promise<number> {
  const { path, request, response } = methods['KV/Range'];
  const message = request.encode({ key: Buffer.from('any') }).finish();
  const as = run.model.isAuthEnabled ? run.model.tokens.lastIndexOf('root') : -1;
  const token = as < 0 ? null : tokenOf(run.reference, as);
  const reply = await run.reference.wire(run.member).call(path, message, token);
  if (!reply.ok) return run.model.revision;
  const { header } = response.toObject(response.decode(reply.bytes), { longs: Number }) as {
    readonly header?: { readonly revision?: number };
  };
  run.model.revision = Math.max(run.model.revision, header?.revision ?? 0);
  return run.model.revision;
}

function modRevisionOf(event: Fields): number {
  return Number((event['kv'] as { readonly modRevision?: string } | undefined)?.modRevision ?? 0);
}

/** Latin-1 compares as bytes do. */
function keyTest({ key, rangeEnd }: WatchPlan): (key: string) => boolean {
  const from = key === '' ? '\0' : key;
  if (rangeEnd === '') return (each) => each === from;
  if (rangeEnd === '\0') return (each) => each >= from;
  return (each) => each >= from && each < rangeEnd;
}
