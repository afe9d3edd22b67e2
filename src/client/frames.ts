/** Cuts what a stream brings into gRPC's messages; `grpc.ts` says how they are framed. */
export interface FrameReader {
  push(chunk: Buffer): void;
  /** The next whole message, or undefined until more is pushed. */
  next(): Frame | undefined;
}

export type Frame =
  | { readonly ok: true; readonly message: Buffer }
  /** Nothing after it can be read either. */
  | { readonly ok: false; readonly reason: 'compressed' | 'too-large' };

const prefixBytes = 5;

export function createFrameReader(messageSizeBytesMax: number): FrameReader {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  /** Joining chunks before this many are there would be for nothing, over and over. */
  let neededBytes = prefixBytes;
  return {
    push(chunk) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
    },
    next() {
      if (sizeBytes < neededBytes) return undefined;
      const [first] = chunks;
      const joined = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      if (joined[0] !== 0) return { ok: false, reason: 'compressed' };
      const length = joined.readUInt32BE(1);
      if (length > messageSizeBytesMax) return { ok: false, reason: 'too-large' };
      const end = prefixBytes + length;
      if (sizeBytes < end) {
        chunks = [joined];
        neededBytes = end;
        return undefined;
      }
      const rest = joined.subarray(end);
      chunks = rest.length === 0 ? [] : [rest];
      sizeBytes = rest.length;
      neededBytes = prefixBytes;
      return { ok: true, message: joined.subarray(prefixBytes, end) };
    },
  };
}
