import { setTimeout as delay } from 'node:timers/promises';

import { createCluster, watchCluster } from '../../cluster/index.js';
import type { Cluster, ClusterOptions, ClusterView } from '../../cluster/index.js';
import { createJournal } from './cluster-journal.js';
import type { Journal } from './cluster-journal.js';
import { renderFrame, renderHowToConnect } from './cluster-table.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode, Output } from './command.js';
import { openLiveScreen } from './live-screen.js';
import { integerOption, switchOption, textOption } from './options.js';
import type { OptionSpec } from './options.js';
import { styleFor } from './style.js';

const refreshMs = 1_000;

export const clusterCommand = defineCommand({
  name: 'cluster',
  summary: 'Run a cluster on this machine, and watch it',
  usage: ['[flags]'],
  description:
    'Starts members as processes of their own, shows them in a table that refreshes every second,\n' +
    'restarts one that dies, and stops all of them at Ctrl-C (twice: at once). The data is kept: the\n' +
    'next start with the same --data-dir is the same cluster.\n\n' +
    'Clients connect to ports 2379, 22379, 32379, …, peers to 2380, 22380, 32380, …, all on 127.0.0.1.',
  options: {
    nodes: optionalInteger({
      description: 'how many members a new cluster has',
      fallbackText: '3, or as many as there were',
      max: 31,
    }),
    dataDir: textOption({ description: 'the folder for data and logs', fallback: 'quorate-data', env: true }),
    basePort: optionalInteger({
      description: 'first of the ports of a new cluster, two neighbours\na member',
      fallbackText: 'the usual ones',
      max: 65_535,
    }),
    heartbeatInterval: optionalInteger({
      description: 'milliseconds between heartbeats of the leader',
      fallbackText: "the server's own",
      max: 60_000,
    }),
    electionTimeout: optionalInteger({
      description: 'milliseconds without a leader before an election',
      fallbackText: "the server's own",
      max: 600_000,
    }),
    tls: switchOption({
      description:
        'secure a new cluster, towards clients and between members,\nwith certificates made for it',
    }),
    noTable: switchOption({
      description: 'print plain lines, as it does where the output is no\nterminal',
    }),
  },
  examples: [
    { command: 'quorate cluster', meaning: 'three members, data in ./quorate-data' },
    {
      command: 'quorate cluster --nodes 5 --data-dir /tmp/five --base-port 7000',
      meaning: 'five members beside them',
    },
    {
      command: 'quorate cluster --tls --data-dir secure-data',
      meaning: 'over TLS, for clients with a certificate',
    },
  ],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const isTable = io.stdout.isTerminal && !options.noTable && io.env['TERM'] !== 'dumb';
    const clusterOptions: ClusterOptions = {
      dataFolder: options.dataDir,
      restartDeadMembers: true,
      ...defined('size', options.nodes),
      ...(options.tls ? { tls: true } : {}),
      ...(options.basePort === undefined ? {} : { ports: { base: options.basePort } }),
      ...defined('heartbeatIntervalMs', options.heartbeatInterval),
      ...defined('electionTimeoutMs', options.electionTimeout),
    };
    const cluster = await createCluster(clusterOptions);
    return runUntilInterrupted(cluster, io, isTable);
  },
});

async function runUntilInterrupted(cluster: Cluster, io: CommandIo, isTable: boolean): Promise<ExitCode> {
  const journal = createJournal(cluster);
  const printer = createPrinter(io.stdout);
  const count = cluster.members.length;
  printer.line(
    `${cluster.isResumed ? 'resuming' : 'starting'} ${count} members, data in ${cluster.dataFolder}`,
  );
  if (!isTable) journal.onLine((line) => printer.line(line));
  if (await startUnlessInterrupted(cluster, io.signal)) {
    const style = styleFor(io.stdout);
    if (isTable) {
      const screen = openLiveScreen((text) => printer.print(text));
      await watch(cluster, journal, io.signal, async (view) => {
        screen.draw(renderFrame({ cluster, view, lines: journal.lastLines(), style, now: new Date() }));
        await printer.flushed();
      });
      screen.close();
    } else {
      printer.line(renderHowToConnect(cluster, style));
      await watch(cluster, journal, io.signal, () => printer.flushed());
    }
  }
  printer.line(`stopping ${count} members (Ctrl-C again: at once)`);
  await cluster.stop();
  printer.line(`stopped; the data is in ${cluster.dataFolder}`);
  await printer.flushed();
  return exitCodes.ok;
}

/** False: Ctrl-C came before the cluster was up. */
async function startUnlessInterrupted(cluster: Cluster, signal: AbortSignal): Promise<boolean> {
  let stopping = Promise.resolve();
  const onAbort = (): void => {
    stopping = cluster.stop();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await cluster.start();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await stopping;
  }
  return !signal.aborted;
}

/** Looks once a second until the signal fires. */
async function watch(
  cluster: Cluster,
  journal: Journal,
  signal: AbortSignal,
  show: (view: ClusterView) => Promise<void>,
): Promise<void> {
  const watcher = watchCluster(cluster);
  try {
    while (!signal.aborted) {
      const view = await watcher.look();
      journal.noteView(view);
      await show(view);
      await delay(refreshMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await watcher.close();
  }
}

/** Writes in order, without making its callers wait for the terminal. */
function createPrinter(output: Output) {
  let written = Promise.resolve();
  function print(text: string): void {
    written = written.then(() => output.write(text));
  }
  return {
    print,
    line: (text: string) => print(`${text}\n`),
    flushed: () => written,
  };
}

function optionalInteger(words: {
  readonly description: string;
  readonly fallbackText: string;
  readonly max: number;
}): OptionSpec<number | undefined> {
  const { description, fallbackText, max } = words;
  const required = integerOption({ description, fallback: 1, min: 1, max });
  return { ...required, fallback: undefined, fallbackText };
}

/** An option that may be left away but not undefined. */
function defined<Name extends string>(name: Name, value: number | undefined) {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, number>);
}
