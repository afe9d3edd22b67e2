import { seededRandom } from '../../src/base/index.js';
import { connect } from '../../src/client/index.js';
import { monotonicMs } from './clock.js';
import type { LibraryJob } from './jobs.js';
import { createValuePool, keyText } from './requests.js';

const timeoutMs = 60_000;

type Put = (key: string, value: Buffer) => Promise<unknown>;

/** Puts all keys once, one put a key, as a program that uses the library would: so many at a time. */
export async function runLibrary(job: LibraryJob): Promise<{ readonly tookMs: number }> {
  const { put, close } = await open(job);
  const random = seededRandom(job.fromKey + 1);
  const pool = createValuePool(random);
  try {
    const startedMs = monotonicMs();
    let next = job.fromKey;
    const work = async (): Promise<void> => {
      while (next < job.toKey) {
        const key = keyText(job.keyPrefix, next++);
        const from = random.below(pool.length - job.valueBytes);
        await put(key, pool.subarray(from, from + job.valueBytes));
      }
    };
    await Promise.all(Array.from({ length: job.inFlight }, work));
    return { tookMs: monotonicMs() - startedMs };
  } finally {
    await close();
  }
}

async function open(job: LibraryJob): Promise<{ readonly put: Put; readonly close: () => Promise<void> }> {
  switch (job.library) {
    case 'quorate': {
      const client = connect(job.endpoint, { timeoutMs });
      return { put: (key, value) => client.put(key, value), close: () => client.close() };
    }
    case 'etcd3': {
      const { Etcd3 } = await import('etcd3');
      const client = new Etcd3({ hosts: `http://${job.endpoint}` });
      return {
        put: (key, value) => client.put(key).value(value).exec(),
        close: async () => {
          client.close();
        },
      };
    }
  }
}
