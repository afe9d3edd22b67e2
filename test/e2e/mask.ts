import type { Cluster } from '../../cluster/index.js';
import { at } from '../../src/base/index.js';
import { etcdctl } from './etcdctl.js';

/**
 * Replaces what differs from cluster to cluster whatever it stores: members' ids and addresses by their names, other ids
 * by numbers in the order of their appearance, `given` texts by their names, times, and the width of tables; leaves out
 * how often etcdctl tried again, and what it was about to do when it was interrupted.
 */
export async function createMask(
  cluster: Cluster,
  given: ReadonlyMap<string, string>,
): Promise<(output: string) => string> {
  const names = new Map(await membersOf(cluster));
  let count = 0;
  const nameOf = (written: string): string => {
    const id = written.replace(/^0+/, '');
    const known = names.get(id);
    if (known !== undefined) return known;
    count += 1;
    const name = `<id ${count}>`;
    names.set(id, name);
    return name;
  };
  return (output) =>
    withPlainTables(
      withNames(withAddresses(output, cluster), given)
        .replaceAll(/\{[^\n]*"attempt":[1-9]\d*[^\n]*\n/g, '')
        .replaceAll(/\{[^\n]*"attempt":0[^\n]*code = Canceled[^\n]*\n/g, '')
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

const members = new WeakMap<Cluster, ReadonlyMap<string, string>>();

/** Asked once, for later it may take a user to be told. */
async function membersOf(cluster: Cluster): Promise<ReadonlyMap<string, string>> {
  const known = members.get(cluster);
  if (known !== undefined) return known;
  const names = new Map<string, string>();
  const { stdout } = await etcdctl(at(cluster.endpoints, 0), ['member', 'list', '-w', 'simple']);
  for (const line of stdout.split('\n')) {
    const [id, , name] = line.split(', ');
    if (id !== undefined && name !== undefined && id !== '') names.set(id.replace(/^0+/, ''), `<${name}>`);
  }
  members.set(cluster, names);
  return names;
}

function withAddresses(output: string, cluster: Cluster): string {
  let masked = output;
  for (const { name, endpoint, peerUrl } of cluster.members) {
    masked = masked.replaceAll(endpoint, `<address of ${name}>`);
    masked = masked.replaceAll(peerUrl, `<peer address of ${name}>`);
  }
  return masked;
}

function withNames(output: string, names: ReadonlyMap<string, string>): string {
  let masked = output;
  for (const [text, name] of names) masked = masked.replaceAll(text, name);
  return masked;
}

/** Columns are as wide as ids and addresses are. */
function withPlainTables(output: string): string {
  return output.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---');
}

/** Lists of members are in the order of their ids: sorts lines, and members in JSON, by name where they follow one another. */
export function sortMembers(output: string): string {
  return output
    .replaceAll(/(^(?!ETCD_).*(<n\d>|\bn\d\b|unstarted).*\n){2,}/gm, (rows) =>
      sortBy(rows.split('\n').slice(0, -1), memberOf)
        .map((row) => `${row}\n`)
        .join(''),
    )
    .replaceAll(/(?:"[^"]+" : .*\n|\n(?="))+/g, sortFields)
    .replaceAll(/(\[)(\{.*\})(\])/g, (_, open: string, members: string, close: string) => {
      const sorted = sortBy(members.slice(1, -1).split(/\},\{(?="(?:ID|Endpoint|endpoint)")/), memberOf);
      return `${open}{${sorted.join('},{')}}${close}`;
    })
    .replaceAll(
      /ETCD_INITIAL_CLUSTER="([^"]*)"/g,
      (_, list: string) => `ETCD_INITIAL_CLUSTER="${list.split(',').sort().join(',')}"`,
    );
}

/** Paragraphs of `fields`: what names no member of its own, a header, stays first. */
function sortFields(fields: string): string {
  const paragraphs = fields.replaceAll(/^"ID" : /gm, '\n$&').split('\n\n');
  const nameOf = (paragraph: string): string => /^"(?:Endpoint|Name)" : (.*)/m.exec(paragraph)?.[1] ?? '';
  return sortBy(
    paragraphs.map((paragraph) => paragraph.trim()),
    nameOf,
  )
    .map((paragraph) => `${paragraph}\n`)
    .join('\n');
}

function memberOf(text: string): string {
  return /\bn\d\b/.exec(text)?.[0] ?? 'none';
}

function sortBy(list: readonly string[], of: (text: string) => string): string[] {
  return [...list].sort((a, b) => of(a).localeCompare(of(b)));
}
