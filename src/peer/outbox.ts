import type { Message } from '../raft/index.js';
import { approximateSizeBytes } from './codec.js';

export interface QueueBounds {
  readonly messagesMax: number;
  readonly sizeBytesMax: number;
}

/** Messages that wait for one peer: bounded in number and bytes. */
export interface Outbox {
  readonly length: number;
  /** False: full, the message is dropped. */
  push(message: Message): boolean;
  /** Like `push`, but makes room by dropping the oldest. False if any was dropped. */
  pushLatest(message: Message, bounds: QueueBounds): boolean;
  /** The oldest messages, until they fill about this much; at least one unless there is none. */
  take(sizeBytes: number): Message[];
  clear(): void;
}

export function createOutbox(bounds: QueueBounds): Outbox {
  let messages: Message[] = [];
  let sizeBytes = 0;

  function add(message: Message): void {
    messages.push(message);
    sizeBytes += approximateSizeBytes(message);
  }

  function takeFirst(count: number): Message[] {
    const taken = messages.slice(0, count);
    messages = messages.slice(count);
    for (const message of taken) sizeBytes -= approximateSizeBytes(message);
    return taken;
  }

  return {
    get length() {
      return messages.length;
    },
    push(message) {
      const size = approximateSizeBytes(message);
      const full = messages.length >= bounds.messagesMax || sizeBytes + size > bounds.sizeBytesMax;
      // A message that is larger than the whole bound still goes when nothing else waits.
      if (full && messages.length > 0) return false;
      add(message);
      return true;
    },
    pushLatest(message, latest) {
      add(message);
      let kept = true;
      while (
        messages.length > 1 &&
        (messages.length > latest.messagesMax || sizeBytes > latest.sizeBytesMax)
      ) {
        takeFirst(1);
        kept = false;
      }
      return kept;
    },
    take(limitBytes) {
      let count = 0;
      let size = 0;
      for (const message of messages) {
        if (count > 0 && size + approximateSizeBytes(message) > limitBytes) break;
        size += approximateSizeBytes(message);
        count++;
      }
      if (count < messages.length) return takeFirst(count);
      const taken = messages;
      messages = [];
      sizeBytes = 0;
      return taken;
    },
    clear() {
      messages = [];
      sizeBytes = 0;
    },
  };
}
