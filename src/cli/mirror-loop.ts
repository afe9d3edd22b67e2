import { asBuffer } from '../base/index.js';
import type { Client } from '../client/index.js';
import { UsageError } from './options.js';

export interface MirrorSides {
  readonly source: Client;
  readonly sourcePrefix: Uint8Array;
  readonly destination: Client;
  readonly destinationPrefix: Uint8Array;
}

/** Throws UsageError where a mirror would see its own writes, and never end. */
export async function refuseLoops({
  source,
  sourcePrefix,
  destination,
  destinationPrefix,
}: MirrorSides): Promise<void> {
  if (!isBelow(sourcePrefix, destinationPrefix) && !isBelow(destinationPrefix, sourcePrefix)) return;
  const [from, to] = await Promise.all([clusterIdOf(source), clusterIdOf(destination)]);
  if (from !== undefined && from === to)
    throw new UsageError('DESTINATION is the same cluster: --prefix and --dest-prefix must be apart then');
}

function isBelow(prefix: Uint8Array, key: Uint8Array): boolean {
  return asBuffer(key).subarray(0, prefix.length).equals(prefix);
}

async function clusterIdOf(client: Client): Promise<string | undefined> {
  for (const endpoint of client.endpoints) {
    try {
      return (await client.status(endpoint)).clusterId;
    } catch {
      continue; // Another one may answer, as one has before.
    }
  }
  return undefined;
}
