import { unreachable } from '../base/index.js';
import { decodeConfigurationChange } from './confcodec.js';
import type {
  Configuration,
  ConfigurationChange,
  CoreStatus,
  Entry,
  EntryKind,
  Message,
  NodeId,
  PeerProgress,
  Position,
  Ready,
} from './types.js';

/** How the data of a normal entry reads. By default only its size: it belongs to clients, and logs are for operators. */
export type DescribeData = (data: Uint8Array) => string;

const sizeOnly: DescribeData = (data) => (data.length === 0 ? 'empty' : `${data.length} B`);

/** `term/index`. */
export function describePosition({ term, index }: Position): string {
  return `${term}/${index}`;
}

/** `(1 2 3)`, or in a joint configuration `(1 2 3)&(1 2 4)`, then learners if there are any. */
export function describeConfiguration(configuration: Configuration): string {
  const { voters, outgoing, learners, learnersNext } = configuration;
  let text = list(voters);
  if (outgoing.length > 0) text += `&${list(outgoing)}`;
  if (learners.length > 0) text += ` learners ${list(learners)}`;
  if (learnersNext.length > 0) text += ` next ${list(learnersNext)}`;
  return text;
}

/** `+4 ~5 -2`: add the voter 4, make 5 a learner, remove 2. */
export function describeChange(change: ConfigurationChange): string {
  if (change.type === 'leave-joint') return 'leave joint';
  const signs = { 'add-voter': '+', 'add-learner': '~', remove: '-' } as const;
  return change.steps.map((step) => signs[step.type] + step.node).join(' ');
}

export function describeEntry(entry: Entry, describeData: DescribeData = sizeOnly): string {
  return `${describePosition(entry)} ${describeContent(entry, describeData)}`;
}

/** One line: `1→2 append t3 after 2/5: 3/6 9 B, 3/7 empty; commit 5`. */
export function describeMessage(message: Message, describeData: DescribeData = sizeOnly): string {
  const { from, to, type, term } = message;
  return `${from}→${to} ${type} t${term}${describeBody(message, describeData)}`;
}

/** A line for each thing that the Ready asks for, in the order of the duties. */
export function describeReady(ready: Ready, describeData: DescribeData = sizeOnly): readonly string[] {
  const lines: string[] = [];
  const { hardState, installSnapshot, configuration } = ready;
  for (const message of ready.messages) lines.push(`send ${describeMessage(message, describeData)}`);
  if (ready.sendSnapshotTo.length > 0) lines.push(`stream a snapshot to ${ready.sendSnapshotTo.join(' ')}`);
  if (installSnapshot !== null) {
    lines.push(
      `install ${describePosition(installSnapshot)} ${describeConfiguration(installSnapshot.configuration)}`,
    );
  }
  if (ready.entries.length > 0) lines.push(`save ${describeEntries(ready.entries, describeData)}`);
  if (hardState !== null) {
    const { term, vote, commit } = hardState;
    lines.push(
      `save term ${term} vote ${describeNode(vote)} commit ${commit}${ready.mustSync ? '' : ' (no hurry)'}`,
    );
  }
  for (const message of ready.messagesAfterPersist)
    lines.push(`then ${describeMessage(message, describeData)}`);
  if (ready.committed.length > 0) lines.push(`apply ${describeEntries(ready.committed, describeData)}`);
  for (const { context, index } of ready.confirmedReads) lines.push(`read ${context} at ${index}`);
  if (configuration !== null) lines.push(`configuration ${describeConfiguration(configuration)}`);
  return lines;
}

/** A line on the node, then one for each peer of a leader. */
export function describeStatus(status: CoreStatus): readonly string[] {
  const { id, role, leader, hardState, applied, persisted, first, last, configuration, transferee } = status;
  const { term, vote, commit } = hardState;
  const lines = [
    `${id} ${role} t${term} vote ${describeNode(vote)} leader ${describeNode(leader)} ` +
      `log ${first}..${describePosition(last)} persisted ${persisted} commit ${commit} applied ${applied} ` +
      describeConfiguration(configuration) +
      (transferee === null ? '' : ` handing over to ${transferee}`),
  ];
  for (const [node, progress] of status.progress) lines.push(`  ${node} ${describeProgress(progress)}`);
  return lines;
}

export function describeProgress(progress: PeerProgress): string {
  const { state, match, next, inflightMessages, recentActive } = progress;
  const window = inflightMessages > 0 ? ` in flight ${inflightMessages}` : '';
  return `${state} match ${match} next ${next}${window}${recentActive ? '' : ' silent'}`;
}

function describeBody(message: Message, describeData: DescribeData): string {
  switch (message.type) {
    case 'pre-vote':
      return ` last ${describePosition(message.last)}`;
    case 'vote':
      return ` last ${describePosition(message.last)}${message.transfer ? ' (transfer)' : ''}`;
    case 'pre-vote-response':
    case 'vote-response':
      return message.granted ? ' yes' : ' no';
    case 'append': {
      const entries =
        message.entries.length === 0 ? '' : `: ${describeEntries(message.entries, describeData)}`;
      return ` after ${describePosition(message.previous)}${entries}; commit ${message.commit}`;
    }
    case 'append-response':
      if (message.conflict === null) return ` up to ${message.index}`;
      return ` refuses after ${message.index}, perhaps ${describePosition(message.conflict)}`;
    case 'heartbeat':
      return ` commit ${message.commit}${describeContext(message.readContext)}`;
    case 'heartbeat-response':
      return describeContext(message.readContext);
    case 'snapshot':
      return ` ${describePosition(message.meta)} ${describeConfiguration(message.meta.configuration)}`;
    case 'propose':
      return ` ${message.entries.map((entry) => describeContent(entry, describeData)).join(', ')}`;
    case 'read-index':
      return describeContext(message.context);
    case 'read-index-response':
      return `${describeContext(message.context)} at ${message.index}`;
    case 'timeout-now':
      return '';
    default:
      return unreachable(message);
  }
}

/** All of them if they are few, else both ends. */
function describeEntries(entries: readonly Entry[], describeData: DescribeData): string {
  const text = (some: readonly Entry[]): string =>
    some.map((entry) => describeEntry(entry, describeData)).join(', ');
  if (entries.length <= 6) return text(entries);
  return `${text(entries.slice(0, 2))} … ${text(entries.slice(-1))}`;
}

function describeContent(
  entry: { readonly kind: EntryKind; readonly data: Uint8Array },
  describeData: DescribeData,
): string {
  if (entry.kind === 'normal') return describeData(entry.data);
  const change = decodeConfigurationChange(entry.data);
  return change === null ? 'malformed change' : describeChange(change);
}

function describeContext(context: number): string {
  return context === 0 ? '' : ` read ${context}`;
}

function describeNode(node: NodeId | null): string {
  return node ?? 'none';
}

function list(nodes: readonly NodeId[]): string {
  return `(${nodes.join(' ')})`;
}
