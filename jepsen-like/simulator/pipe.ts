/** Values on their way to one reader, in order. */
export interface Pipe<T> {
  /** Ignored once the pipe is over. */
  push(value: T): void;
  /** No more values come; those that wait are still read. */
  end(): void;
  /** Likewise, and whoever reads on gets the error. */
  fail(error: Error): void;
  /** Ended or failed, though some may be unread. */
  readonly isOver: boolean;
  /** Null: the end. One caller at a time. */
  next(): Promise<T | null>;
  readonly values: AsyncIterable<T>;
}

export function createPipe<T>(): Pipe<T> {
  const queue: T[] = [];
  let over: { readonly error: Error | null } | null = null;
  let reader: { resolve(value: T | null): void; reject(error: Error): void } | null = null;

  function finish(error: Error | null): void {
    if (over !== null) return;
    over = { error };
    const waiting = reader;
    reader = null;
    if (error === null) waiting?.resolve(null);
    else waiting?.reject(error);
  }

  const pipe: Pipe<T> = {
    push(value) {
      if (over !== null) return;
      if (reader === null) {
        queue.push(value);
        return;
      }
      const waiting = reader;
      reader = null;
      waiting.resolve(value);
    },
    end: () => finish(null),
    fail: (error) => finish(error),
    get isOver() {
      return over !== null;
    },
    next: () =>
      new Promise((resolve, reject) => {
        const value = queue.shift();
        if (value !== undefined) resolve(value);
        else if (over === null) reader = { resolve, reject };
        else if (over.error === null) resolve(null);
        else reject(over.error);
      }),
    values: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const value = await pipe.next();
          if (value === null) return;
          yield value;
        }
      },
    },
  };
  return pipe;
}
