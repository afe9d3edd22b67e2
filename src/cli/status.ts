import { messageOf } from '../base/index.js';
import type { MemberStatus } from '../client/index.js';
import { clientOptions, prepareClients } from './client-options.js';
import type { OpenClient } from './client-options.js';
import { endpointsOf, membersOf } from './member-endpoints.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { switchOption } from './options.js';
import { sizeText } from './size-text.js';
import { renderTable, styleFor } from './style.js';
import type { Style, TableCell } from './style.js';

interface Reached extends MemberStatus {
  /** It answered, knows a leader, reports no errors, and served a linearizable read. */
  readonly healthy: boolean;
  readonly error?: string;
  /** Of that read. */
  readonly latencyMs: number;
}

type EndpointReport =
  Reached | { readonly endpoint: string; readonly healthy: false; readonly error: string };

export const statusCommand = defineCommand({
  name: 'status',
  summary: 'Show how each member is',
  usage: ['[flags]'],
  description: `Asks each endpoint about itself, and for one linearizable read: who leads, the term, how far the log is
committed and applied, sizes, and whether it serves. Exit code 0 if all are healthy, 1 if some are
not, 4 if none can be reached.`,
  options: {
    cluster: switchOption({ description: 'ask all members of the cluster, not only --endpoints' }),
    ...clientOptions,
  },
  examples: [
    { command: 'quorate status', meaning: 'the local cluster' },
    {
      command: 'quorate status --cluster --endpoints 10.0.0.1:2379',
      meaning: 'all members that this one knows',
    },
  ],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const open = await prepareClients(options, io);
    const endpoints = options.cluster ? endpointsOf(await membersOf(open, io)) : options.endpoints;
    const reports = await Promise.all(endpoints.map((endpoint) => examine(endpoint, open, io)));
    if (options.json) {
      await io.stdout.write(`${JSON.stringify({ endpoints: reports })}\n`);
    } else {
      await print(reports, io);
    }
    return exitCodeOf(reports, io);
  },
});

async function examine(endpoint: string, open: OpenClient, io: CommandIo): Promise<EndpointReport> {
  const client = open({ endpoints: [endpoint], roundsMax: 1 });
  const call = { signal: io.signal };
  const name = client.endpoints[0] ?? endpoint;
  try {
    const status = await client.status(endpoint, call);
    const startedMs = performance.now();
    const trouble = await client.page({ prefix: 'health' }, { countOnly: true, ...call }).then(
      () => status.errors[0],
      (error: unknown) => messageOf(error),
    );
    const latencyMs = Math.round((performance.now() - startedMs) * 100) / 100;
    const health = trouble === undefined ? { healthy: true } : { healthy: false, error: trouble };
    return { ...status, ...health, endpoint: name, latencyMs };
  } catch (error) {
    return { endpoint: name, healthy: false, error: messageOf(error) };
  } finally {
    await client.close();
  }
}

async function print(reports: readonly EndpointReport[], io: CommandIo): Promise<void> {
  const style = styleFor(io.stdout);
  const right = { align: 'right' } as const;
  const columns = [
    { title: 'ENDPOINT' },
    { title: 'HEALTH' },
    { title: 'ROLE' },
    { title: 'ID' },
    { title: 'VERSION' },
    { title: 'TERM', ...right },
    { title: 'INDEX', ...right },
    { title: 'APPLIED', ...right },
    { title: 'REVISION', ...right },
    { title: 'DB SIZE', ...right },
    { title: 'READ', ...right },
  ];
  await io.stdout.write(
    renderTable(
      columns,
      reports.map((report) => rowOf(report, style)),
      style,
    ),
  );
  for (const { endpoint, error } of reports.map(troubleOf)) {
    if (error !== undefined) await io.stdout.write(`${style.red(endpoint)}: ${error}\n`);
  }
}

function troubleOf(report: EndpointReport): {
  readonly endpoint: string;
  readonly error: string | undefined;
} {
  return { endpoint: report.endpoint, error: report.error };
}

function isReached(report: EndpointReport): report is Reached {
  return 'id' in report;
}

function rowOf(report: EndpointReport, style: Style): readonly (string | TableCell)[] {
  if (!isReached(report)) return [report.endpoint, { text: 'unreachable', paint: style.red }];
  return [
    report.endpoint,
    report.healthy ? { text: 'healthy', paint: style.green } : { text: 'unhealthy', paint: style.red },
    roleOf(report, style),
    report.id,
    report.version,
    String(report.term),
    String(report.index),
    String(report.appliedIndex),
    String(report.revision),
    sizeText(report.databaseSizeBytes),
    `${report.latencyMs.toFixed(1)} ms`,
  ];
}

function roleOf(report: Reached, style: Style): string | TableCell {
  if (report.isLeader) return { text: 'leader', paint: style.bold };
  if (report.isLearner) return 'learner';
  return report.leader === undefined ? { text: 'no leader', paint: style.yellow } : 'follower';
}

function exitCodeOf(reports: readonly EndpointReport[], io: CommandIo): ExitCode {
  if (io.signal.aborted) return exitCodes.interrupted;
  if (reports.every((report) => report.healthy)) return exitCodes.ok;
  return reports.some(isReached) ? exitCodes.failure : exitCodes.unreachable;
}
