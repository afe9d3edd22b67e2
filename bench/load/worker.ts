/** A process of the load generator: does what the process that started it asks for, and ends with it. */
import type { Answers, Command } from './jobs.js';
import { startProbe } from './probe.js';
import type { Probe } from './probe.js';
import { runFill } from './run-fill.js';
import { runLibrary } from './run-library.js';
import { startLoad } from './run-load.js';
import type { RunningLoad } from './run-load.js';
import { runStamp } from './run-stamp.js';
import { openWatches } from './run-watch.js';
import type { Watches } from './run-watch.js';

export interface Ask {
  readonly id: number;
  readonly command: Command;
}

export type Reply =
  | { readonly id: number; readonly answer: Answers[Command['type']] }
  | { readonly id: number; readonly error: string };

let load: RunningLoad | null = null;
let watches: Watches | null = null;
let probe: Probe | null = null;

async function obey(command: Command): Promise<Answers[Command['type']]> {
  switch (command.type) {
    case 'hello':
      return null;
    case 'load':
      load = startLoad(command.job);
      return load.report;
    case 'load-stop':
      load?.stop();
      return null;
    case 'fill':
      return runFill(command.job);
    case 'stamp':
      return runStamp(command.job);
    case 'library':
      return runLibrary(command.job);
    case 'watch-open':
      watches = await openWatches(command.job);
      return null;
    case 'watch-await':
      if (watches === null) throw new Error('there are no watches');
      return watches.awaitEvents(command.events);
    case 'watch-close':
      watches?.close();
      watches = null;
      return null;
    case 'probe-start':
      probe = await startProbe(command.folder, command.slowMs);
      return null;
    case 'probe-stop': {
      if (probe === null) throw new Error('there is no probe');
      const stopped = probe;
      probe = null;
      return stopped.stop();
    }
  }
}

function send(reply: Reply): void {
  if (process.connected) process.send?.(reply);
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message: Ask) => {
  obey(message.command).then(
    (answer) => send({ id: message.id, answer }),
    (error: unknown) =>
      send({ id: message.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
