import type { Cluster } from '../../cluster/index.js';
import { at } from '../../src/base/index.js';
import { etcdctl } from './etcdctl.js';

/**
 * Replaces what differs from cluster to cluster whatever it stores: members' ids and addresses by their names, other ids
 * by numbers in the order of their appearance, times, and the width of tables.
 */
export async function createMask(cluster: Cluster, folder: string): Promise<(output: string) => string> {
  const names = new Map<string, string>();
  const { stdout } = await etcdctl(at(cluster.endpoints, 0), ['member', 'list', '-w', 'simple']);
  for (const line of stdout.split('\n')) {
    const [id, , name] = line.split(', ');
    if (id !== undefined && name !== undefined && id !== '') names.set(id, `<${name}>`);
  }
  let count = 0;
  const nameOf = (id: string): string => {
    const known = names.get(id);
    if (known !== undefined) return known;
    count += 1;
    const name = `<id ${count}>`;
    names.set(id, name);
    return name;
  };
  return (output) =>
    withPlainTables(
      withAddresses(output, cluster)
        .replaceAll(folder, '<folder>')
        .replaceAll(/"(cluster_id|raft_term|raftTerm|raftIndex|raftAppliedIndex)":\d+/g, '"$1":…')
        .replaceAll(/"(ClusterID|RaftTerm|RaftIndex|RaftAppliedIndex)" : \d+/g, '"$1" : …')
        .replaceAll(/"ts":"[^"]*"/g, '"ts":…')
        .replaceAll(/endpoint:\/\/client-[0-9a-f-]+/g, 'endpoint://client')
        .replaceAll(/took = \S+|took: \S+/g, 'took …')
        .replaceAll(/\b\d{17,20}\b/g, (decimal) => nameOf(BigInt(decimal).toString(16)))
        .replaceAll(/-\d{17,19}\b/g, (decimal) => nameOf(BigInt.asUintN(64, BigInt(decimal)).toString(16)))
        .replaceAll(/\b[0-9a-f]{14,16}\b/g, nameOf),
    );
}

function withAddresses(output: string, cluster: Cluster): string {
  let masked = output;
  for (const { name, endpoint, peerUrl } of cluster.members) {
    masked = masked.replaceAll(endpoint, `<address of ${name}>`);
    masked = masked.replaceAll(peerUrl, `<peer address of ${name}>`);
  }
  return masked;
}

/** Columns are as wide as ids and addresses are. */
function withPlainTables(output: string): string {
  return output.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---');
}

/** Lists of members are in the order of their ids. Sorts lines that name one, where they follow one another, by name. */
export function sortRows(output: string): string {
  return output.replaceAll(/(^.*\b(n\d|unstarted)\b.*\n){2,}/gm, (rows) => {
    const nameOf = (row: string): string => /\bn\d\b/.exec(row)?.[0] ?? 'none';
    return rows
      .split('\n')
      .slice(0, -1)
      .sort((a, b) => nameOf(a).localeCompare(nameOf(b)))
      .map((row) => `${row}\n`)
      .join('');
  });
}
