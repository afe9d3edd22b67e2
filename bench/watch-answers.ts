/** What a WatchResponse holds, read without decoding it: a machine that decodes is busy with that. */
export interface WatchAnswer {
  readonly created: boolean;
  readonly events: number;
  /** The value of the last event; null without events. */
  readonly lastValue: Buffer | null;
}

const createdTag = 0x18;
const eventTag = 0x5a;
const eventKvTag = 0x12;
const kvValueTag = 0x2a;

export function readWatchAnswer(message: Buffer): WatchAnswer {
  const last: { event: Buffer | null } = { event: null };
  let created = false;
  let events = 0;
  forEachField(message, (tag, content) => {
    if (tag === createdTag) created = true;
    if (tag !== eventTag) return;
    events++;
    last.event = content;
  });
  return { created, events, lastValue: last.event === null ? null : valueOf(last.event) };
}

function valueOf(event: Buffer): Buffer | null {
  let value: Buffer | null = null;
  forEachField(event, (tag, kv) => {
    if (tag !== eventKvTag) return;
    forEachField(kv, (inner, content) => {
      if (inner === kvValueTag) value = content;
    });
  });
  return value;
}

/** Fields with tags of one byte; of numbers the content is empty. */
function forEachField(message: Buffer, visit: (tag: number, content: Buffer) => void): void {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[offset++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (offset < message.length) {
    const tag = varint();
    const isBytes = (tag & 7) === 2;
    const number = varint();
    visit(tag, message.subarray(offset, isBytes ? offset + number : offset));
    if (isBytes) offset += number;
  }
}
