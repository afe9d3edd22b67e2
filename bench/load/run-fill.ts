import { seededRandom } from '../../src/base/index.js';
import { monotonicMs } from './clock.js';
import { openConnection } from './connection.js';
import type { LoadConnection } from './connection.js';
import type { FillJob } from './jobs.js';
import { createTemplate, createValuePool } from './requests.js';
import type { RequestTemplate } from './requests.js';

/** Puts all keys once, many in each transaction. Rejects when one fails. */
export async function runFill(job: FillJob): Promise<{ readonly tookMs: number }> {
  const random = seededRandom(job.seed);
  const values = { pool: createValuePool(random), random };
  const whole = createTemplate(
    { kind: 'fill', keys: job.keysPerRequest, valueBytes: job.valueBytes },
    job.keyPrefix,
    values,
  );
  const single = createTemplate({ kind: 'put', valueBytes: job.valueBytes }, job.keyPrefix, values);
  const connections: LoadConnection[] = [];
  const startedMs = monotonicMs();
  try {
    await new Promise<void>((resolve, reject) => {
      let nextKey = job.fromKey;
      let underWay = 0;

      const next = (): { template: RequestTemplate; key: number } | null => {
        const key = nextKey;
        if (key >= job.toKey) return null;
        const isWhole = key + job.keysPerRequest <= job.toKey;
        nextKey += isWhole ? job.keysPerRequest : 1;
        return { template: isWhole ? whole : single, key };
      };
      const send = (slot: number): void => {
        const request = next();
        if (request === null) {
          if (underWay === 0) resolve();
          return;
        }
        underWay++;
        request.template.about(request.key);
        connections[slot % connections.length]?.call(slot, request.template);
      };
      const listener = {
        onEnd: (slot: number, failure: string | null): void => {
          underWay--;
          if (failure === null) send(slot);
          else reject(new Error(`a put failed: ${failure}`));
        },
        onLost: (reason: string): void => reject(new Error(`a connection was lost: ${reason}`)),
      };
      const begin = async (): Promise<void> => {
        const opening = Array.from({ length: job.connections }, () => openConnection(job.url, listener));
        connections.push(...(await Promise.all(opening)));
        for (let slot = 0; slot < job.connections * job.streams; slot++) send(slot);
        for (const connection of connections) connection.flush();
      };
      begin().catch(reject);
    });
    return { tookMs: monotonicMs() - startedMs };
  } finally {
    for (const connection of connections) connection.close();
  }
}
