import { messageOf } from '../base/index.js';
import { clientOptions, prepareClients, useClient } from './client-options.js';
import type { OpenClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo } from './command.js';
import { endpointsOf, membersOf } from './member-endpoints.js';
import { switchOption } from './options.js';
import { sizeText } from './size-text.js';
import { styleFor } from './style.js';

type Report =
  | { readonly endpoint: string; readonly sizeBeforeBytes: number; readonly sizeAfterBytes: number }
  | { readonly endpoint: string; readonly error: string };

export const defragCommand = defineCommand({
  name: 'defrag',
  summary: 'Give space of deleted records back to the disk',
  usage: ['[--cluster] [flags]'],
  description: `Asks each endpoint, one after the other, to give back to the file system what deleted and
compacted records still occupy. Goes on when one fails; the exit code is 1 then. Learners refuse
it: --cluster leaves them out.`,
  options: {
    cluster: switchOption({ description: 'all members of the cluster, not only --endpoints' }),
    ...clientOptions,
  },
  examples: [
    { command: 'quorate defrag --cluster --timeout 1m', meaning: 'all members, each within a minute' },
  ],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const open = await prepareClients(options, io);
    const endpoints = options.cluster ? await votersOf(open, io) : options.endpoints;
    const reports: Report[] = [];
    for (const endpoint of endpoints) {
      if (io.signal.aborted) return exitCodes.interrupted;
      const report = await defragment(endpoint, open, io);
      reports.push(report);
      if (!options.json) await tell(report, io);
    }
    if (options.json) await io.stdout.write(`${JSON.stringify({ endpoints: reports })}\n`);
    return reports.some((report) => 'error' in report) ? exitCodes.failure : exitCodes.ok;
  },
});

async function votersOf(open: OpenClient, io: CommandIo): Promise<readonly string[]> {
  return endpointsOf((await membersOf(open, io)).filter((member) => !member.isLearner));
}

function defragment(endpoint: string, open: OpenClient, io: CommandIo): Promise<Report> {
  return useClient(open({ endpoints: [endpoint], roundsMax: 1 }), io, async (client, call) => {
    const name = client.endpoints[0] ?? endpoint;
    try {
      const { databaseSizeBytes: sizeBeforeBytes } = await client.status(endpoint, call);
      await client.defragment(endpoint, call);
      const { databaseSizeBytes: sizeAfterBytes } = await client.status(endpoint, call);
      return { endpoint: name, sizeBeforeBytes, sizeAfterBytes };
    } catch (error) {
      return { endpoint: name, error: messageOf(error) };
    }
  });
}

async function tell(report: Report, io: CommandIo): Promise<void> {
  if ('error' in report) {
    await io.stderr.write(`${styleFor(io.stderr).red(report.endpoint)}: ${report.error}\n`);
    return;
  }
  const { endpoint, sizeBeforeBytes, sizeAfterBytes } = report;
  await io.stdout.write(`${endpoint}  ${sizeText(sizeBeforeBytes)} → ${sizeText(sizeAfterBytes)}\n`);
}
