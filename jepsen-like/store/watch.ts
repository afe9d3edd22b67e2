import { etcdserverpb, mvccpb } from '../../src/gen/protos.js';
import type { WatchEntry, WatchEvent, WatchLog } from '../history/index.js';
import { kvOf } from './messages.js';
import type { Recorder } from './recorder.js';
import { CallError } from './transport.js';
import type { ByteStream, Transport } from './transport.js';

export interface WatchSpec {
  readonly key: string;
  readonly rangeEnd: string;
  readonly startRevision: number;
  readonly prevKv: boolean;
  readonly noPut?: boolean;
  readonly noDelete?: boolean;
  /** The watch that this one goes on with. */
  readonly resumes?: number;
}

/** A watch on a stream of its own, whose every word is recorded. */
export interface WatchHandle {
  readonly log: WatchLog;
  /** All events below it have been delivered. */
  readonly nextRevision: number;
  /** Resolves when it ends, with how. Never rejects. */
  readonly ended: Promise<'canceled' | 'compacted' | 'broken'>;
  /** Asks how far it has come; the answer stands in the log. */
  requestProgress(): void;
  /** Stops reading until `resume`: what arrives waits at the server. */
  pause(): void;
  resume(): void;
  cancel(): void;
}

export interface WatchOptions {
  readonly spec: WatchSpec;
  readonly transport: Transport;
  readonly member: string;
  readonly token: string | null;
  readonly process: number;
  readonly recorder: Recorder;
}

const { FilterType } = etcdserverpb.WatchCreateRequest;

export function openWatch(options: WatchOptions): WatchHandle {
  const { spec, transport, member, token, process, recorder } = options;
  const { key, rangeEnd, startRevision, prevKv, noPut = false, noDelete = false, resumes = null } = spec;
  const entries: WatchEntry[] = [];
  const log = recorder.addWatch({
    process,
    member,
    key,
    rangeEnd,
    startRevision,
    prevKv,
    noPut,
    noDelete,
    requestedUs: recorder.nowUs(),
    entries,
    resumes,
  });
  let nextRevision = startRevision;
  let canceled = false;
  let goOn: (() => void) | null = null;
  let paused: Promise<void> | null = null;
  const stream: ByteStream = transport.open(member, '/etcdserverpb.Watch/Watch', { token });
  const createRequest = {
    key: Buffer.from(key),
    rangeEnd: Buffer.from(rangeEnd),
    startRevision,
    prevKv,
    filters: [...(noPut ? [FilterType.NOPUT] : []), ...(noDelete ? [FilterType.NODELETE] : [])],
  };
  stream.send(etcdserverpb.WatchRequest.encode({ createRequest }).finish());

  function resume(): void {
    paused = null;
    goOn?.();
    goOn = null;
  }

  async function follow(): Promise<'canceled' | 'compacted' | 'broken'> {
    for (;;) {
      if (paused !== null) await paused;
      const message = await stream.next();
      const atUs = recorder.nowUs();
      if (message === null) {
        entries.push({ atUs, type: 'ended', reason: 'the server ended the stream' });
        return 'broken';
      }
      const end = take(etcdserverpb.WatchResponse.decode(message), atUs);
      if (end !== null) return end;
    }
  }

  function take(answer: etcdserverpb.WatchResponse, atUs: number): 'canceled' | 'compacted' | null {
    const revision = Number(answer.header?.revision ?? 0);
    if (answer.created) {
      entries.push({ atUs, type: 'created', revision });
      if (startRevision === 0) nextRevision = Math.max(nextRevision, revision + 1);
    }
    if (answer.canceled) {
      const compactRevision = Number(answer.compactRevision);
      if (compactRevision > 0) entries.push({ atUs, type: 'compacted', compactRevision });
      else entries.push({ atUs, type: 'ended', reason: answer.cancelReason });
      stream.cancel();
      return compactRevision > 0 ? 'compacted' : 'canceled';
    }
    if (answer.events.length > 0) {
      const events = answer.events.map(eventOf);
      entries.push({ atUs, type: 'events', revision, events });
      nextRevision = Math.max(nextRevision, ...events.map(({ kv }) => kv.modRevision + 1));
    } else if (!answer.created) {
      entries.push({ atUs, type: 'progress', revision });
      nextRevision = Math.max(nextRevision, revision + 1);
    }
    return null;
  }

  const ended = follow().catch((error: unknown) => {
    if (!(error instanceof CallError)) throw error;
    entries.push({ atUs: recorder.nowUs(), type: 'ended', reason: canceled ? 'canceled' : error.message });
    return canceled ? ('canceled' as const) : ('broken' as const);
  });
  return {
    log,
    get nextRevision() {
      return nextRevision;
    },
    ended,
    requestProgress: () => stream.send(etcdserverpb.WatchRequest.encode({ progressRequest: {} }).finish()),
    pause() {
      paused ??= new Promise((resolve) => (goOn = resolve));
    },
    resume,
    cancel() {
      canceled = true;
      stream.cancel();
      resume();
    },
  };
}

function eventOf(event: mvccpb.Event.$Properties): WatchEvent {
  return {
    type: event.type === mvccpb.Event.EventType.DELETE ? 'delete' : 'put',
    kv: kvOf(event.kv ?? {}),
    previous: event.prevKv ? kvOf(event.prevKv) : null,
  };
}
