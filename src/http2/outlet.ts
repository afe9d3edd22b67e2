import type { Socket } from 'node:net';

/** With this much on its way to the socket, bodies wait … */
const bodiesWaitSizeBytes = 256 * 1024;
/** … and with this much the client is not read: it takes no answers, so it gets no say. */
const pauseSizeBytes = 1024 * 1024;
/** Pieces up to this size are put together before they are written: a write costs more than the copy. */
const copySizeBytesMax = 64 * 1024;
/** So long a client may take to read what is left for it when its connection has ended. */
const lastWordsTimeoutMs = 2000;

/** What leaves on a socket: all that is answered in a turn as one write. */
export class Outlet {
  readonly #socket: Socket;
  #out: Buffer[] = [];
  #sizeBytes = 0;
  #isFlushing = false;
  #isPaused = false;
  /** Nothing is written any more; what has been may still be on its way. */
  #isFinished = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(frame: Buffer): void {
    if (this.#isFinished) return;
    this.#out.push(frame);
    this.#sizeBytes += frame.length;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    // Once all that can be answered in this turn has been: promises come before this.
    process.nextTick(() => this.flush());
  }

  /** So much is on its way that bodies have to wait until the socket is drained. */
  get isFull(): boolean {
    return this.#sizeBytes + this.#socket.writableLength >= bodiesWaitSizeBytes;
  }

  flush(): void {
    this.#isFlushing = false;
    const out = this.#out;
    if (out.length === 0) return;
    const sizeBytes = this.#sizeBytes;
    this.#out = [];
    this.#sizeBytes = 0;
    const [first] = out;
    if (out.length === 1 && first !== undefined) this.#socket.write(first);
    else if (sizeBytes <= copySizeBytesMax) this.#socket.write(Buffer.concat(out, sizeBytes));
    else {
      this.#socket.cork();
      for (const frame of out) this.#socket.write(frame);
      this.#socket.uncork();
    }
    if (this.#socket.writableLength < pauseSizeBytes || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  /** The socket has taken everything. */
  drained(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Ends our side after what has been written. */
  finish(): void {
    this.flush();
    this.#isFinished = true;
    this.#socket.end();
  }

  /** Ends the socket; what has not been flushed is dropped. A client that does not read must not keep it by that. */
  end(): void {
    const socket = this.#socket;
    this.#isFinished = true;
    this.#out = [];
    if (socket.destroyed) return;
    socket.destroySoon();
    const late = setTimeout(() => socket.destroy(), lastWordsTimeoutMs);
    socket.once('close', () => clearTimeout(late));
  }
}
