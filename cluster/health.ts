import { get } from 'node:http';
import { get as getSecurely } from 'node:https';

import type { ClusterTls } from './types.js';

const answerBytesMax = 64 * 1024 * 1024;

/** True if the member answers its linearizable health check with yes. */
export async function isHealthy(
  clientUrl: string,
  tls: ClusterTls | null,
  timeoutMs: number,
): Promise<boolean> {
  const answer = await httpGet(`${clientUrl}/health`, tls, timeoutMs);
  return answer !== null && answer.status === 200 && answer.body.includes('"true"');
}

/** Null for no answer, whatever the reason. */
export async function httpGet(
  url: string,
  tls: ClusterTls | null,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly body: string } | null> {
  return new Promise((resolve) => {
    // No agent: a connection kept for later would speak to a member that may be dead by then.
    const options = { agent: false, signal: AbortSignal.timeout(timeoutMs) } as const;
    const request = tls === null ? get(url, options) : getSecurely(url, { ...options, ...tls });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerBytesMax) request.destroy(new Error('too long an answer'));
        else chunks.push(chunk);
      });
      response.on('error', () => resolve(null));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.on('error', () => resolve(null));
  });
}
