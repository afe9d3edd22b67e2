/**
 * Watch answers read with no more work than counting their events takes: the members are measured, not this. A value
 * that begins with `stampMark` tells when its put was sent.
 */
export interface WatchReader {
  /** Bytes of the stream of connection `index`, as they arrive. */
  read(index: number, bytes: Buffer, from: number, to: number): void;
}

export interface WatchReaderEvents {
  onCreated(): void;
  /** Of one answer; the stamp of its last event, if it has one. */
  onEvents(count: number, stampMs: number | null): void;
}

const prefixSizeBytes = 5;
const stampMark = 0x51_42_53_54;
export const stampSizeBytes = 12;

/** The mark and the time at the end of a value: events end with it, as their other fields come first. */
export function writeStamp(value: Buffer, timeMs: number): void {
  value.writeUInt32BE(stampMark, value.length - stampSizeBytes);
  value.writeDoubleBE(timeMs, value.length - stampSizeBytes + 4);
}

const tags = { created: 0x18, canceled: 0x20, event: 0x5a } as const;

export function createWatchReader(events: WatchReaderEvents): WatchReader {
  /** By connection: the beginning of a message whose rest has not come. */
  const carried: (Buffer | undefined)[] = [];
  let at = 0;

  function varint(bytes: Buffer): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  function readMessage(bytes: Buffer, from: number, to: number): void {
    at = from;
    let count = 0;
    while (at < to) {
      const tag = bytes[at++] ?? 0;
      const number = varint(bytes);
      if (tag === tags.created && number === 1) events.onCreated();
      else if (tag === tags.canceled && number === 1) throw new Error('a watch was canceled');
      else if (tag === tags.event) count++;
      if ((tag & 7) === 2) at += number;
    }
    if (count === 0) return;
    const hasStamp = to - from >= stampSizeBytes && bytes.readUInt32BE(to - stampSizeBytes) === stampMark;
    events.onEvents(count, hasStamp ? bytes.readDoubleBE(to - stampSizeBytes + 4) : null);
  }

  return {
    read(index, arrived, arrivedFrom, arrivedTo) {
      let bytes = arrived;
      let from = arrivedFrom;
      let to = arrivedTo;
      const before = carried[index];
      if (before !== undefined) {
        bytes = Buffer.concat([before, arrived.subarray(arrivedFrom, arrivedTo)]);
        from = 0;
        to = bytes.length;
        carried[index] = undefined;
      }
      while (to - from >= prefixSizeBytes) {
        const end = from + prefixSizeBytes + bytes.readUInt32BE(from + 1);
        if (end > to) break;
        readMessage(bytes, from + prefixSizeBytes, end);
        from = end;
      }
      if (from < to) carried[index] = Buffer.from(bytes.subarray(from, to));
    },
  };
}
