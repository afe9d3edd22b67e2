import type { WatchEvent } from '../../member/index.js';
import { writeKeyValue } from '../encode.js';
import type { HeaderWriter } from '../header.js';
import { createWireWriter } from '../wire-writer.js';

const writer = createWireWriter();
const eventTag = 0x5a;

/** What a WatchResponse says beside its header. */
export interface WatchAnswer {
  readonly watchId: bigint;
  /** 0: the header has no revision. */
  readonly revision: number;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compactRevision?: number;
  readonly cancelReason?: string;
  readonly fragment?: boolean;
  /** The fields of the events, encoded. */
  readonly events?: Buffer;
}

export function encodeWatchAnswer(header: HeaderWriter, answer: WatchAnswer): Buffer {
  const { watchId, revision, created, canceled, compactRevision, cancelReason, fragment, events } = answer;
  if (events !== undefined) writer.raw(events);
  writer.boolean(0x38, fragment === true);
  if (cancelReason !== undefined) writer.text(0x32, cancelReason);
  writer.number(0x28, compactRevision ?? 0);
  writer.boolean(0x20, canceled === true);
  writer.boolean(0x18, created === true);
  writer.bigint(0x10, watchId);
  header(writer, revision);
  return writer.finish();
}

/** The last one is kept: a turn's events go to all watchers of a key as one array. */
let lastEvents: readonly WatchEvent[] | null = null;
let lastEncoded: Buffer = Buffer.alloc(0);

/** The events as they stand in a response; what many watchers get is encoded once. */
export function encodeEvents(events: readonly WatchEvent[]): Buffer {
  if (events === lastEvents) return lastEncoded;
  for (let index = events.length - 1; index >= 0; index--) {
    const event = events[index];
    if (event !== undefined) writeEvent(event);
  }
  lastEncoded = writer.finish();
  lastEvents = events;
  return lastEncoded;
}

export function encodeEvent(event: WatchEvent): Buffer {
  writeEvent(event);
  return writer.finish();
}

function writeEvent({ type, kv, previous }: WatchEvent): void {
  const mark = writer.mark();
  if (previous !== null) writeKeyValue(writer, 0x1a, previous);
  writeKeyValue(writer, 0x12, kv);
  writer.number(0x08, type === 'put' ? 0 : 1);
  writer.message(eventTag, mark);
}
