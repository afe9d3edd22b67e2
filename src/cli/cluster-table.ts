import { dirname } from 'node:path';

import type { Cluster, ClusterView, MemberView } from '../../cluster/index.js';
import { timeOfDay } from './cluster-journal.js';
import { renderTable } from './style.js';
import type { Style, TableCell, TableColumn } from './style.js';

type Reachable = Pick<Cluster, 'dataFolder' | 'endpoints' | 'tls'>;

export interface Frame {
  readonly cluster: Reachable;
  readonly view: ClusterView;
  /** The last of what happened, oldest first. */
  readonly lines: readonly string[];
  readonly style: Style;
  readonly now: Date;
}

const none = '–';

/** The whole screen of `quorate cluster`, as lines. */
export function renderFrame({ cluster, view, lines, style, now }: Frame): string[] {
  const count = view.members.length;
  const { leader } = view;
  const led = leader === null ? style.yellow('no leader') : `${leader.name} leads term ${leader.term}`;
  return [
    `${style.bold('quorate cluster')}  ${count} members, ${led}  ${style.dim(timeOfDay(now))}`,
    '',
    ...renderMembers(view, style),
    '',
    ...renderHowToConnect(cluster, style).split('\n'),
    '',
    style.bold('events'),
    ...lines,
  ];
}

/** How to reach the cluster from another terminal. */
export function renderHowToConnect(cluster: Reachable, style: Style): string {
  // Clients that are given certificates speak TLS to addresses without a scheme.
  const addresses = cluster.endpoints.map((endpoint) => endpoint.replace('https://', ''));
  // The usual ports are what clients try by themselves.
  const endpoints = addresses[0] === '127.0.0.1:2379' ? [] : [`--endpoints ${addresses.join(',')}`];
  const { tls } = cluster;
  const certificates = tls === null ? [] : ['--cacert ca.crt --cert client.crt --key client.key'];
  const flags = [...endpoints, ...certificates];
  const lines = [
    ...(tls === null ? [] : [`cd ${dirname(tls.caFile)}`]),
    ['quorate', ...flags, 'put greeting hello'].join(' '),
    ['etcdctl', ...flags, 'get greeting'].join(' '),
    style.dim(`endpoints ${cluster.endpoints.join(',')}`),
  ];
  return [
    ...lines.map((line, index) => `${index === 0 ? style.bold('connect') : '       '}  ${line}`),
    `${style.bold('data')}     ${cluster.dataFolder}`,
    `${style.bold('stop')}     Ctrl-C`,
  ].join('\n');
}

function renderMembers(view: ClusterView, style: Style): string[] {
  const hasRequests = view.members.some(({ requestsPerSecond }) => requestsPerSecond !== null);
  const shown = columns.filter(({ title }) => title !== requestsTitle || hasRequests);
  const rows = view.members.map((member) => shown.map((column) => column.cell(member, style)));
  return renderTable(shown, rows, style).trimEnd().split('\n');
}

interface MemberColumn extends TableColumn {
  cell(member: MemberView, style: Style): string | TableCell;
}

const requestsTitle = 'requests/s';

/** What matters most stands left: a narrow terminal cuts off the rest. */
const columns: readonly MemberColumn[] = [
  { title: 'member', cell: ({ name }) => name },
  { title: 'role', cell: (member, style) => roleOf(member, style) },
  { title: 'clients', cell: ({ clientUrl }) => new URL(clientUrl).host },
  { title: 'term', align: 'right', cell: ({ status }) => number(status?.term) },
  { title: 'index', align: 'right', cell: ({ status }) => number(status?.index) },
  { title: 'applied', align: 'right', cell: ({ status }) => number(status?.appliedIndex) },
  { title: 'lag', align: 'right', cell: ({ lag }) => number(lag) },
  { title: 'writes/s', align: 'right', cell: ({ writesPerSecond }) => number(writesPerSecond) },
  { title: requestsTitle, align: 'right', cell: ({ requestsPerSecond }) => number(requestsPerSecond) },
  { title: 'revision', align: 'right', cell: ({ status }) => number(status?.revision) },
  { title: 'data', align: 'right', cell: ({ status }) => bytes(status?.databaseSizeBytes) },
  { title: 'up', align: 'right', cell: ({ uptimeMs }) => duration(uptimeMs) },
  { title: 'restarts', align: 'right', cell: ({ restartCount }) => String(restartCount) },
  { title: 'process', align: 'right', cell: ({ pid }) => String(pid ?? none) },
];

function roleOf({ state, status }: MemberView, style: Style): TableCell {
  if (state !== 'running') return { text: state, paint: style.red };
  if (status === null) return { text: 'no answer', paint: style.yellow };
  if (status.isLeader) return { text: 'leader', paint: style.green };
  if (status.leader === undefined) return { text: 'no leader', paint: style.yellow };
  return { text: status.isLearner ? 'learner' : 'follower' };
}

function number(value: number | null | undefined): string {
  return value === null || value === undefined ? none : Math.round(value).toLocaleString('en-US');
}

function bytes(value: number | undefined): string {
  if (value === undefined) return none;
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(0)} KiB`;
  if (value < 1024 ** 3) return `${(value / 1024 ** 2).toFixed(1)} MiB`;
  return `${(value / 1024 ** 3).toFixed(1)} GiB`;
}

/** `4s`, `3m05s`, `2h07m`, `3d4h` */
function duration(ms: number | null): string {
  if (ms === null) return none;
  const seconds = Math.floor(ms / 1000);
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit));
  if (minutes === undefined || hours === undefined || days === undefined || minutes === 0)
    return `${seconds}s`;
  if (hours === 0) return `${minutes}m${pad(seconds % 60)}s`;
  if (days === 0) return `${hours}h${pad(minutes % 60)}m`;
  return `${days}d${hours % 24}h`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
