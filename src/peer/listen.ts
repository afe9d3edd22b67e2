import type { Server, ServerCredentials } from '@grpc/grpc-js';

import { messageOf, QuorateError } from '../base/index.js';
import { formatTarget, resolveAll } from './address.js';

/**
 * Binds every address behind each URL, and nothing else. Throws `invalid-configuration` when one is malformed, taken or
 * not this machine's; then nothing is bound.
 */
export async function listen(
  server: Server,
  urls: readonly string[],
  credentials: ServerCredentials,
): Promise<void> {
  try {
    for (const url of urls) {
      for (const address of await resolveAll(url))
        await bind(server, url, formatTarget(address), credentials);
    }
  } catch (error) {
    server.forceShutdown();
    throw error;
  }
}

/** Ends the server: the calls that are open have this long to end by themselves. Resolves when all ports are free. */
export async function stopListening(server: Server, graceMs: number): Promise<void> {
  const timer = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(timer);
}

async function bind(
  server: Server,
  url: string,
  target: string,
  credentials: ServerCredentials,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(target, credentials, (error) => (error === null ? resolve() : reject(error)));
    });
  } catch (error) {
    throw new QuorateError('invalid-configuration', describeProblem(url, target, messageOf(error)), {
      cause: error,
    });
  }
}

function describeProblem(url: string, target: string, problem: string): string {
  const where = url.includes(target) ? url : `${url} (${target})`;
  if (problem.includes('EADDRINUSE')) {
    return `peer address ${where} is already in use: stop what listens there, or choose another with --listen-peer-urls`;
  }
  if (problem.includes('EADDRNOTAVAIL')) return `peer address ${where} does not belong to this machine`;
  if (problem.includes('EACCES')) return `peer address ${where} needs rights that this process does not have`;
  return `peer address ${where} cannot be listened on: ${problem}`;
}
