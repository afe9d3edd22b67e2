import { setTimeout as delay } from 'node:timers/promises';

import { createCluster, watchCluster } from '../../cluster/index.js';
import type { Cluster, ClusterOptions, ClusterView } from '../../cluster/index.js';
import { createJournal } from './cluster-journal.js';
import type { Journal } from './cluster-journal.js';
import { renderFrame, renderHowToConnect } from './cluster-table.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
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
  ],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const isTable = io.stdout.isTerminal && !options.noTable && io.env['TERM'] !== 'dumb';
    const clusterOptions: ClusterOptions = {
      dataFolder: options.dataDir,
      restartDeadMembers: true,
      ...defined('size', options.nodes),
      ...(options.basePort === undefined ? {} : { ports: { base: options.basePort } }),
      ...defined('heartbeatIntervalMs', options.heartbeatInterval),
      ...defined('electionTimeoutMs', options.electionTimeout),
    };
    const cluster = await createCluster(clusterOptions);
    return runUntilInterrupted(cluster, createJournal(cluster), io, isTable);
  },
});

async function runUntilInterrupted(
  cluster: Cluster,
  journal: Journal,
  io: CommandIo,
  isTable: boolean,
): Promise<ExitCode> {
  const print = (line: string): void => void io.stdout.write(`${line}\n`);
  const count = cluster.members.length;
  print(`${cluster.isResumed ? 'resuming' : 'starting'} ${count} members, data in ${cluster.dataFolder}`);
  const unprinted = isTable ? null : journal.onLine(print);
  const onAbort = (): void => void cluster.stop();
  io.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await cluster.start();
  } catch (error) {
    if (!io.signal.aborted) throw error;
    return exitCodes.ok; // Ctrl-C came before it was up.
  } finally {
    io.signal.removeEventListener('abort', onAbort);
  }
  if (!isTable) print(renderHowToConnect(cluster, styleFor(io.stdout)));
  const endTable = isTable ? openTable(cluster, journal, io) : null;
  const watching = watch(cluster, journal, io.signal, (view) => endTable?.draw(view));
  await watching;
  endTable?.close();
  unprinted?.();
  print(`stopping ${count} members (Ctrl-C again: at once)`);
  await cluster.stop();
  print(`stopped; the data is in ${cluster.dataFolder}`);
  return exitCodes.ok;
}

/** Looks once a second until the signal fires. */
async function watch(
  cluster: Cluster,
  journal: Journal,
  signal: AbortSignal,
  draw: (view: ClusterView) => void,
): Promise<void> {
  const watcher = watchCluster(cluster);
  try {
    while (!signal.aborted) {
      const view = await watcher.look();
      journal.noteView(view);
      if (signal.aborted) break;
      draw(view);
      await delay(refreshMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await watcher.close();
  }
}

function openTable(cluster: Cluster, journal: Journal, io: CommandIo) {
  const screen = openLiveScreen((text) => void io.stdout.write(text));
  const style = styleFor(io.stdout);
  return {
    draw(view: ClusterView) {
      screen.draw(renderFrame({ cluster, view, lines: journal.lastLines(), style, now: new Date() }));
    },
    close: screen.close,
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
