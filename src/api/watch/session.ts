import { QuorateError } from '../../base/index.js';
import type { etcdserverpb } from '../../gen/protos.js';
import type { Member, Watcher, WatchEvent } from '../../member/index.js';
import type { Caller } from '../../mvcc/index.js';
import { toBigint } from '../convert.js';
import { statusOf } from '../errors.js';
import type { HeaderWriter } from '../header.js';
import type { CallStream } from '../method.js';
import { encodeEvent, encodeEvents, encodeWatchAnswer } from './encode.js';
import type { WatchAnswer } from './encode.js';
import type { WatchLimits } from './limits.js';
import { toCreateRequest } from './request.js';
import type { CreateRequest } from './request.js';

/** The watches of one stream. */
export interface WatchSession {
  /** Resolves once there may be another one: a client that does not read its answers is not read either. */
  handle(request: etcdserverpb.WatchRequest): Promise<void>;
  close(): void;
}

export interface WatchSessionOptions {
  readonly call: CallStream;
  readonly member: Member;
  readonly header: HeaderWriter;
  readonly limits: WatchLimits;
}

/** Watches of one stream that go on at once when the client has read: each may cost a look at history. */
const resumedAtOnceMax = 1000;

/** The id of answers that are about no watch: those that could not be created, and the stream's progress. */
const noWatch = -1n;

interface OpenWatch {
  readonly id: bigint;
  readonly watcher: Watcher;
  readonly startRevision: number;
  readonly progressNotify: boolean;
  /** It had events since progress was last told, which says as much. */
  wasBusy: boolean;
}

export function createWatchSession({ call, member, header, limits }: WatchSessionOptions): WatchSession {
  const watches = new Map<bigint, OpenWatch>();
  const parked = new Set<Watcher>();
  let nextId = 0n;
  let backlogSizeBytes = 0;
  let isDraining = false;
  let progressAsked = false;
  /** The last one that the answer about progress had to wait for. */
  let laggard: OpenWatch | null = null;
  let progressTimer: NodeJS.Timeout | null = null;
  let closed = false;

  // --- Sending ------------------------------------------------------------------------------------------------

  /** False: the client is behind. Nothing is refused here: whoever sends on is bounded by its own turn. */
  function send(answer: WatchAnswer): boolean {
    if (closed || call.signal.aborted) return false;
    const bytes = encodeWatchAnswer(header, answer);
    if (!call.send(bytes)) drain();
    if (isDraining) backlogSizeBytes += bytes.length;
    return !isFull();
  }

  function isFull(): boolean {
    return backlogSizeBytes >= limits.watchBacklogSizeBytes;
  }

  function drain(): void {
    if (isDraining) return;
    isDraining = true;
    const resume = (): void => {
      isDraining = false;
      backlogSizeBytes = 0;
      resumeSome();
    };
    call.drained().then(resume, resume);
  }

  /** The longest parked first; the others once these have been served, if there is still room then. */
  function resumeSome(): void {
    let isWaiting = false;
    let resumed = 0;
    for (const watcher of parked) {
      if (resumed >= resumedAtOnceMax && isWaiting) {
        member.watches.onNextTurn(() => {
          if (!isDraining && !closed) resumeSome();
        });
        return;
      }
      resumed += 1;
      parked.delete(watcher);
      watcher.resume();
      isWaiting ||= !watcher.isSynced;
    }
  }

  function sendEvents(
    watch: OpenWatch,
    events: readonly WatchEvent[],
    revision: number,
    split: boolean,
  ): boolean {
    const encoded = encodeEvents(events);
    if (!split || encoded.length < limits.watchFragmentSizeBytes || events.length < 2) {
      return send({ watchId: watch.id, revision, events: encoded });
    }
    const pieces = splitEvents(events, limits.watchFragmentSizeBytes);
    const results = pieces.map((piece, index) =>
      send({ watchId: watch.id, revision, events: piece, fragment: index < pieces.length - 1 }),
    );
    return results.every((roomy) => roomy);
  }

  // --- Creating and cancelling --------------------------------------------------------------------------------

  async function create(request: CreateRequest): Promise<void> {
    const { revision } = member.header();
    const refuse = (cancelReason: string): void => {
      send({ watchId: noWatch, revision, created: true, canceled: true, cancelReason });
    };
    let caller: Caller;
    try {
      caller = await member.auth.callerOf(call.context.credentials);
      member.auth.requireRange(caller, request.wanted, 'read');
    } catch (error) {
      refuse(reasonOf(error));
      return;
    }
    if (request.isEmpty) refuse('mvcc: watcher range is empty');
    else if (watches.size >= limits.watchesPerStreamMax) {
      refuse(`etcdserver: a stream may have ${limits.watchesPerStreamMax} watches at most: open another one`);
    } else if (request.watchId !== 0n && watches.has(request.watchId)) {
      refuse('mvcc: duplicate watch ID provided on the WatchStream');
    } else if (!closed) {
      try {
        begin(request, request.watchId === 0n ? freeId() : request.watchId, caller);
      } catch (error) {
        refuse(reasonOf(error));
      }
    }
  }

  function freeId(): bigint {
    while (watches.has(nextId)) nextId++;
    return nextId++;
  }

  function begin({ wanted, progressNotify, fragment }: CreateRequest, id: bigint, caller: Caller): void {
    const { revision } = member.header();
    const watcher = member.watches.watch(
      wanted,
      {
        isFull() {
          if (isFull()) parked.add(watcher);
          return isFull();
        },
        events(events, at) {
          watch.wasBusy = true;
          const isRoomy = sendEvents(watch, events, at, fragment);
          if (!isRoomy) parked.add(watcher);
          return isRoomy;
        },
        compacted(compactRevision) {
          forget(watch);
          send({ watchId: id, revision: 0, canceled: true, compactRevision });
        },
        ended(error) {
          forget(watch);
          if (error === 'stopped') return; // The stream ends too, and says so.
          const cancelReason = reasonOf(new QuorateError(error));
          send({ watchId: id, revision: member.header().revision, canceled: true, cancelReason });
        },
      },
      caller,
    );
    const watch: OpenWatch = {
      id,
      watcher,
      startRevision: wanted.startRevision,
      progressNotify,
      wasBusy: false,
    };
    watches.set(id, watch);
    send({ watchId: id, revision, created: true }); // Events come later, never from within `watch`.
    if (progressNotify) progressTimer ??= setInterval(tellProgress, limits.watchProgressIntervalMs);
  }

  function forget({ id, watcher }: OpenWatch): void {
    watches.delete(id);
    parked.delete(watcher);
  }

  function cancel(id: bigint): void {
    const watch = watches.get(id);
    if (watch === undefined) return; // Without a word, as etcd.
    watch.watcher.cancel();
    forget(watch);
    send({ watchId: id, revision: member.header().revision, canceled: true });
  }

  // --- Progress -----------------------------------------------------------------------------------------------

  /** Nothing up to the present revision is owed to it, and that is at least where it began. */
  function hasArrived({ watcher, startRevision }: OpenWatch, revision: number): boolean {
    return watcher.isSynced && watcher.nextRevision <= revision + 1 && revision >= startRevision;
  }

  /** For those who wish it, when nothing else has told them. */
  function tellProgress(): void {
    const { revision } = member.header();
    for (const watch of watches.values()) {
      if (!watch.progressNotify) continue;
      if (!watch.wasBusy && hasArrived(watch, revision)) send({ watchId: watch.id, revision });
      watch.wasBusy = false;
    }
  }

  /** One answer for the whole stream, held back until all its watches have arrived (etcd issue 15220). */
  function answerProgress(): void {
    if (!progressAsked || closed) return;
    const { revision } = member.header();
    laggard = findLaggard(revision);
    if (laggard === null) {
      progressAsked = false;
      send({ watchId: noWatch, revision });
      return;
    }
    member.watches.onNextTurn(answerProgress);
  }

  /** The same as the last time if it still is one: a stream may have very many watches, and each turn asks. */
  function findLaggard(revision: number): OpenWatch | null {
    if (laggard !== null && watches.get(laggard.id) === laggard && !hasArrived(laggard, revision)) {
      return laggard;
    }
    for (const watch of watches.values()) if (!hasArrived(watch, revision)) return watch;
    return null;
  }

  return {
    async handle({ createRequest, cancelRequest, progressRequest }) {
      if (createRequest) await create(toCreateRequest(createRequest));
      else if (cancelRequest) cancel(toBigint(cancelRequest.watchId));
      else if (progressRequest) {
        const isWaiting = progressAsked;
        progressAsked = true;
        if (!isWaiting) answerProgress();
      }
      if (isFull()) await call.drained();
    },
    close() {
      closed = true;
      if (progressTimer !== null) clearInterval(progressTimer);
      for (const { watcher } of watches.values()) watcher.cancel();
      watches.clear();
      parked.clear();
    },
  };
}

/** In the words of etcd, which has the text of its own error here. */
function reasonOf(error: unknown): string {
  const { code, message } = statusOf(error);
  return `rpc error: code = ${codeNames[code] ?? 'Unknown'} desc = ${message}`;
}

const codeNames: Readonly<Record<number, string>> = {
  3: 'InvalidArgument',
  7: 'PermissionDenied',
  14: 'Unavailable',
  16: 'Unauthenticated',
};

/** As many events a piece as fit; at least one. */
function splitEvents(events: readonly WatchEvent[], sizeBytesMax: number): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let gathered: Buffer[] = [];
  let sizeBytes = 0;
  for (const event of events) {
    const encoded = encodeEvent(event);
    if (gathered.length > 0 && sizeBytes + encoded.length >= sizeBytesMax) {
      pieces.push(Buffer.concat(gathered));
      gathered = [];
      sizeBytes = 0;
    }
    gathered.push(encoded);
    sizeBytes += encoded.length;
  }
  pieces.push(Buffer.concat(gathered));
  return pieces;
}
