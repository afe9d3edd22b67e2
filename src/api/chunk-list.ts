/**
 * Pieces of a body that have to wait, in order. A piece may be a byte or two of a large buffer that came from the socket:
 * what waits takes about as much memory as it has bytes, however it was cut.
 */
export interface ChunkList {
  push(chunk: Buffer): void;
  /** The first; undefined when there is none. */
  shift(): Buffer | undefined;
  /** All of them, which leaves none. */
  takeAll(): Buffer[];
  readonly sizeBytes: number;
}

/** Pieces below this are put together in blocks. */
const smallSizeBytes = 1024;
const blockSizeBytes = 4 * smallSizeBytes;

export function createChunkList(): ChunkList {
  return new CompactChunkList();
}

/** In memory of its own, unless it is most of what it keeps. */
export function compacted(chunk: Buffer): Buffer {
  return 2 * chunk.length < chunk.buffer.byteLength ? copyOf(chunk) : chunk;
}

/** Not from Node's pool, of which a small piece would keep eight kilobytes. */
function copyOf(chunk: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(chunk.length);
  copy.set(chunk);
  return copy;
}

class CompactChunkList implements ChunkList {
  #chunks: Buffer[] = [];
  /** The last of them lies at its beginning, and more can follow there. */
  #block: Buffer | null = null;
  sizeBytes = 0;

  push(chunk: Buffer): void {
    this.sizeBytes += chunk.length;
    const last = this.#chunks.at(-1);
    if (chunk.length >= smallSizeBytes || last === undefined) {
      this.#add(compacted(chunk));
      return;
    }
    if (this.#block === null || last.length + chunk.length > this.#block.length) {
      if (last.length >= smallSizeBytes) {
        this.#add(compacted(chunk));
        return;
      }
      this.#block = Buffer.allocUnsafeSlow(blockSizeBytes);
      this.#block.set(last);
    }
    this.#block.set(chunk, last.length);
    this.#chunks[this.#chunks.length - 1] = this.#block.subarray(0, last.length + chunk.length);
  }

  shift(): Buffer | undefined {
    const first = this.#chunks.shift();
    if (this.#chunks.length === 0) this.#block = null;
    if (first !== undefined) this.sizeBytes -= first.length;
    return first;
  }

  takeAll(): Buffer[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#block = null;
    this.sizeBytes = 0;
    return chunks;
  }

  #add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#block = null;
  }
}
