import type { ClusterMember } from '../client/index.js';
import { useClient } from './client-options.js';
import type { OpenClient } from './client-options.js';
import type { CommandIo } from './command.js';

export function membersOf(open: OpenClient, io: CommandIo): Promise<readonly ClusterMember[]> {
  return useClient(open(), io, (client, call) => client.members(call));
}

/** Where the cluster says that they are reached: one address of each that has started. */
export function endpointsOf(members: readonly ClusterMember[]): readonly string[] {
  return members.flatMap((member) => member.clientUrls.slice(0, 1));
}
