import { frame, paths, putBody } from '../grpc.js';
import { monotonicMs } from './clock.js';
import { openConnection } from './connection.js';
import type { LoadConnection } from './connection.js';
import type { StampJob } from './jobs.js';
import { keyText } from './requests.js';
import { writeStamp } from './watch-reader.js';

/** A prime, so that keys that follow one another lie far apart. */
const stride = 7919;

/** The key that put number `index` is about. */
export function keyOfPut(index: number, keys: number): number {
  return (index * stride) % keys;
}

/** Puts values with the time in them. Resolves when all are acknowledged. */
export async function runStamp(job: StampJob): Promise<{ readonly startedMs: number }> {
  const template = frame(putBody(keyText(job.keyPrefix, 0), Buffer.alloc(job.valueBytes, 0x76)));
  const keyAt = template.indexOf(keyText(job.keyPrefix, 0));
  const value = template.subarray(template.length - job.valueBytes);
  const opened: LoadConnection[] = [];
  const timers: NodeJS.Timeout[] = [];
  try {
    const startedMs = await new Promise<number>((resolve, reject) => {
      let sent = 0;
      let answered = 0;
      let beganMs = 0;
      const free: number[] = Array.from({ length: job.inFlight }, (_, slot) => slot);
      const mayBeSent = (): number =>
        job.putsPerSecond === undefined
          ? job.puts
          : Math.min(job.puts, 1 + Math.floor(((monotonicMs() - beganMs) * job.putsPerSecond) / 1000));
      const send = (): void => {
        for (const limit = mayBeSent(); sent < limit; sent++) {
          const slot = free.pop();
          if (slot === undefined) return;
          template.write(keyText(job.keyPrefix, keyOfPut(sent, job.keys)), keyAt, 'latin1');
          writeStamp(value, monotonicMs());
          opened[0]?.call(slot, { path: paths.put, bytes: template });
        }
      };
      const begin = async (): Promise<void> => {
        const connection = await openConnection(job.url, {
          onEnd(slot, failure) {
            if (failure !== null) reject(new Error(`a put failed: ${failure}`));
            answered++;
            free.push(slot);
            if (answered === job.puts) resolve(beganMs);
            else send();
          },
          onLost: (reason) => reject(new Error(`a connection was lost: ${reason}`)),
        });
        opened.push(connection);
        beganMs = monotonicMs();
        const sendAndFlush = (): void => {
          send();
          connection.flush();
        };
        sendAndFlush();
        if (job.putsPerSecond !== undefined) timers.push(setInterval(sendAndFlush, 1));
      };
      begin().catch(reject);
    });
    return { startedMs };
  } finally {
    for (const timer of timers) clearInterval(timer);
    for (const connection of opened) connection.close();
  }
}
