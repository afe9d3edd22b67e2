import { etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import type { HeaderWriter } from './header.js';
import type { CallStream, Method } from './method.js';
import { decodeRequest } from './decode.js';
import { createWatchSession } from './watch/index.js';
import type { WatchLimits } from './watch/index.js';

/** etcdserverpb.Watch: any number of watches on one stream, each told apart by its id. */
export function watchMethods(member: Member, header: HeaderWriter, limits: WatchLimits): readonly Method[] {
  return [
    {
      type: 'stream',
      direction: 'both',
      path: '/etcdserverpb.Watch/Watch',
      handle: (call) => serveWatches(call, member, header, limits),
    },
  ];
}

async function serveWatches(
  call: CallStream,
  member: Member,
  header: HeaderWriter,
  limits: WatchLimits,
): Promise<void> {
  const session = createWatchSession({ call, member, header, limits });
  try {
    for await (const bytes of call.requests) {
      await session.handle(decodeRequest(etcdserverpb.WatchRequest, bytes));
    }
    // A client that has said all it wants to goes on listening.
    await untilAborted(call.signal);
  } finally {
    session.close();
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
