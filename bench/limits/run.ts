import { fork } from 'node:child_process';
import { once } from 'node:events';
import { builtFile } from '../built.js';

export type LimitServer = 'bare-server' | 'empty-server';

/** Runs such a server in a process of its own for as long as `use` takes. */
export async function withLimitServer<T>(name: LimitServer, use: (url: string) => Promise<T>): Promise<T> {
  const child = fork(builtFile(`bench/limits/${name}.js`), { execArgv: [] });
  const gone = once(child, 'exit');
  try {
    const port = await Promise.race([
      once(child, 'message').then(([message]: unknown[]) => Number(message)),
      gone.then(() => Promise.reject(new Error(`${name} did not start`))),
    ]);
    return await use(`http://127.0.0.1:${port}`);
  } finally {
    if (child.connected) child.disconnect();
    await gone;
  }
}
