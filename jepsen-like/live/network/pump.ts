import type { Socket } from 'node:net';

/** One direction of a proxied connection: bytes wait while their link is cut, and for as long as it delays them. */
export interface Pump {
  /** The link has changed, or the target takes bytes again. */
  look(): void;
  close(): void;
}

export interface PumpOptions {
  readonly from: Socket;
  /** Null: there is no connection yet; all waits. */
  readonly to: () => Socket | null;
  readonly isCut: () => boolean;
  readonly delayMs: () => number;
  /** The last has passed: the end of the stream, or that it broke off. */
  readonly onOver: () => void;
}

interface Parcel {
  readonly dueMs: number;
  readonly bytes: Buffer;
}

/** What is under way in one direction; the sender waits beyond it, as it would for a full window. */
const heldSizeBytesMax = 1024 * 1024;

export function createPump({ from, to, isCut, delayMs, onOver }: PumpOptions): Pump {
  const held: Parcel[] = [];
  let heldSizeBytes = 0;
  let ending: 'no' | 'end' | 'reset' = 'no';
  let isOver = false;
  let timer: NodeJS.Timeout | null = null;

  from.on('data', (bytes: Buffer) => {
    held.push({ dueMs: performance.now() + delayMs() * Math.random(), bytes });
    heldSizeBytes += bytes.length;
    look();
    if (heldSizeBytes >= heldSizeBytesMax) from.pause();
  });
  from.on('end', () => finish('end'));
  from.on('error', () => finish('reset'));
  from.on('close', () => finish('reset'));

  function finish(how: 'end' | 'reset'): void {
    if (ending !== 'no') return;
    ending = how;
    look();
  }

  function look(): void {
    const target = to();
    if (isOver || timer !== null || target === null || isCut()) return;
    for (let next = held[0]; next !== undefined; next = held[0]) {
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        lookAgain(waitMs);
        return;
      }
      if (target.writableNeedDrain) return;
      held.shift();
      heldSizeBytes -= next.bytes.length;
      target.write(next.bytes);
    }
    if (ending === 'no') from.resume();
    else passEnd(target);
  }

  function lookAgain(afterMs: number): void {
    timer = setTimeout(() => {
      timer = null;
      look();
    }, afterMs);
  }

  function passEnd(target: Socket): void {
    isOver = true;
    if (ending === 'end') target.end();
    else target.resetAndDestroy();
    onOver();
  }

  return {
    look,
    close() {
      isOver = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
