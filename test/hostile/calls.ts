import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Target } from './target.js';

/*
 * gRPC by hand, so that a test can do what no library lets it: many calls at once in a few bytes, and not reading.
 */

/** How a call ended. */
export interface CallEnd {
  readonly code: number;
  readonly message: string;
}

export interface Call {
  /** Requests, in one piece. */
  send(...requests: readonly Uint8Array[]): void;
  /** No more requests come. */
  finish(): void;
  /** The next answer; null: the call has ended without one. */
  readonly next: () => Promise<Buffer | null>;
  /** Resolves when the call has ended. */
  readonly ended: Promise<CallEnd>;
  /** Takes nothing from the connection any more, until `resume`: its window closes. */
  pause(): void;
  resume(): void;
  /** Of what was sent this much has not left: the server does not read. */
  readonly unsentSizeBytes: number;
  cancel(): void;
}

/** A connection of its own: one that does not read holds up nobody else. */
export interface Line {
  open(path: string, headers?: Readonly<Record<string, string>>): Call;
  /** One request, one answer, which must be a success. */
  ask(path: string, request: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Buffer>;
  /** How a call with one request ends that may be refused. */
  end(path: string, request: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<CallEnd>;
  close(): void;
}

const prefixSizeBytes = 5;
const cancelCode = 8;

export function dial(target: Pick<Target, 'endpoint'>): Line {
  const session = connect(`http://${target.endpoint}`);
  session.on('error', () => undefined); // Its calls end with it, and say so.
  const open: Line['open'] = (path, headers = {}) => openCall(session, path, headers);

  async function run(
    path: string,
    request: Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly answer: Buffer | null; readonly end: CallEnd }> {
    const call = open(path, headers);
    call.send(request);
    call.finish();
    const answer = await call.next();
    return { answer, end: await call.ended };
  }

  return {
    open,
    async ask(path, request, headers) {
      const { answer, end } = await run(path, request, headers);
      if (answer === null || end.code !== 0) throw new Error(`${path}: ${end.code} ${end.message}`);
      return answer;
    },
    async end(path, request, headers) {
      return (await run(path, request, headers)).end;
    },
    close: () => session.destroy(),
  };
}

function openCall(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>>,
): Call {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const answers = readAnswers(stream);
  return {
    send: (...requests) => void stream.write(Buffer.concat(requests.flatMap(framed))),
    finish: () => void stream.end(),
    next: answers.next,
    ended: endOf(stream),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    get unsentSizeBytes() {
      return stream.writableLength;
    },
    cancel: () => stream.close(cancelCode),
  };
}

function framed(message: Uint8Array): readonly Uint8Array[] {
  const prefix = Buffer.alloc(prefixSizeBytes);
  prefix.writeUInt32BE(message.length, 1);
  return [prefix, message];
}

/** Answers as they come, for one reader. */
function readAnswers(stream: ClientHttp2Stream): Pick<Call, 'next'> {
  const whole: Buffer[] = [];
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  let isOver = false;
  let wake: (() => void) | null = null;

  function take(): void {
    while (sizeBytes >= prefixSizeBytes) {
      const joined = pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces);
      pieces = [joined];
      const end = prefixSizeBytes + joined.readUInt32BE(1);
      if (sizeBytes < end) return;
      whole.push(joined.subarray(prefixSizeBytes, end));
      pieces = [joined.subarray(end)];
      sizeBytes -= end;
    }
  }

  function wanted(): number {
    const [first] = pieces;
    return first === undefined || first.length < prefixSizeBytes
      ? 0
      : prefixSizeBytes + first.readUInt32BE(1);
  }

  stream.on('data', (piece: Buffer) => {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes >= wanted()) take();
    wake?.();
  });
  stream.on('close', () => {
    isOver = true;
    wake?.();
  });
  return {
    async next() {
      while (whole.length === 0 && !isOver) {
        await new Promise<void>((resolve) => (wake = resolve));
        wake = null;
      }
      return whole.shift() ?? null;
    },
  };
}

function endOf(stream: ClientHttp2Stream): Promise<CallEnd> {
  let end: CallEnd | null = null;
  const read = (headers: Readonly<Record<string, unknown>>): void => {
    if (headers['grpc-status'] === undefined) return;
    const { 'grpc-message': text } = headers;
    const message = typeof text === 'string' ? decodeURIComponent(text) : '';
    end = { code: Number(headers['grpc-status']), message };
  };
  stream.on('response', read);
  stream.on('trailers', read);
  stream.on('error', () => undefined); // Its 'close' follows.
  return new Promise((resolve) => {
    stream.on('close', () => resolve(end ?? { code: -1, message: `reset with ${stream.rstCode}` }));
  });
}
