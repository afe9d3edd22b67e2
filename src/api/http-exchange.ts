import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { encodeHeaders, errorCodes } from '../http2/index.js';
import type { Headers, Http2Stream } from '../http2/index.js';
import { createChunkList } from './chunk-list.js';

/** A request over HTTP that is no call of gRPC: of HTTP/1.1 as Node has it, or of HTTP/2. */
export interface HttpRequest extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Its answer. */
export interface HttpResponse extends Writable {
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers?: OutgoingHttpHeaders): HttpResponse;
}

export interface HttpExchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

/**
 * Makes of a stream of HTTP/2 what HTTP/1.1 has. The request has to arrive within `timeoutMs`; `onClosed` is called when all
 * is over.
 */
export function openExchange(
  stream: Http2Stream,
  headers: Headers,
  options: { readonly timeoutMs: number; readonly onClosed: () => void },
): HttpExchange {
  const request = new StreamRequest(stream, headers);
  const response = new StreamResponse(stream);
  // Whoever writes to one that is over hears it from `destroyed`, and need not listen.
  request.on('error', ignore);
  response.on('error', ignore);
  const tooLate = setTimeout(() => stream.reset(errorCodes.cancel), options.timeoutMs);
  stream.receive({
    onData: (chunk) => request.takeChunk(chunk),
    onEnd() {
      clearTimeout(tooLate);
      request.takeEnd();
    },
    onRoom: () => response.takeRoom(),
    onClose(aborted) {
      clearTimeout(tooLate);
      request.destroy();
      response.takeClose(aborted);
      options.onClosed();
    },
  });
  if (stream.hasEnded) {
    clearTimeout(tooLate);
    request.takeEnd();
  }
  return { request, response };
}

function ignore(): void {
  // On purpose.
}

class StreamRequest extends Readable implements HttpRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly #stream: Http2Stream;
  /** Its window is given back when somebody reads it. */
  readonly #chunks = createChunkList();
  #isAsked = false;
  #hasEnded = false;

  constructor(stream: Http2Stream, headers: Headers) {
    super({ highWaterMark: 1 });
    this.#stream = stream;
    this.method = headers.get(':method');
    this.url = headers.get(':path');
    this.headers = Object.fromEntries([...headers].filter(([name]) => !name.startsWith(':')));
  }

  takeChunk(chunk: Buffer): void {
    if (this.destroyed) {
      this.#stream.consumed(chunk.length);
      return;
    }
    this.#chunks.push(chunk);
    if (this.#isAsked) this.#pass();
  }

  takeEnd(): void {
    this.#hasEnded = true;
    if (this.#isAsked) this.#pass();
  }

  override _read(): void {
    this.#isAsked = true;
    this.#pass();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.consumed(this.#chunks.sizeBytes);
    this.#chunks.takeAll();
    done(error);
  }

  #pass(): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined && !this.#hasEnded) return;
    this.#isAsked = false;
    if (chunk !== undefined) this.#stream.consumed(chunk.length);
    this.push(chunk ?? null);
  }
}

class StreamResponse extends Writable implements HttpResponse {
  headersSent = false;
  readonly #stream: Http2Stream;
  readonly #fields = new Map<string, string>();
  /** What was written last has left. */
  #onRoom: (() => void) | null = null;
  #onEnded: (() => void) | null = null;

  constructor(stream: Http2Stream) {
    super();
    this.#stream = stream;
  }

  setHeader(name: string, value: string): void {
    this.#fields.set(name.toLowerCase(), value);
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): HttpResponse {
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, String(value));
    this.#fields.delete('connection'); // Which HTTP/2 has not.
    this.headersSent = true;
    this.#stream.begin(encodeHeaders([[':status', String(status)], ...this.#fields]));
    return this;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (!this.headersSent) this.writeHead(200);
    this.#stream.send(chunk);
    this.#onRoom = done;
    this.takeRoom();
  }

  override _final(done: () => void): void {
    if (!this.headersSent) this.writeHead(200);
    this.#onEnded = done;
    this.#stream.end(null);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.reset(errorCodes.cancel); // If there is anything left to stop.
    done(error);
  }

  takeRoom(): void {
    if (this.#stream.waitingSizeBytes > 0) return;
    const done = this.#onRoom;
    this.#onRoom = null;
    done?.();
  }

  takeClose(aborted: boolean): void {
    if (aborted) this.destroy();
    else this.#onEnded?.();
  }
}
