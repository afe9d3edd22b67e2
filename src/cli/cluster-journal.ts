import { describeExit } from '../../cluster/index.js';
import type { Cluster, ClusterEvent, ClusterView } from '../../cluster/index.js';

/** What happened to a cluster, as lines for a person: starts, deaths, restarts, elections. */
export interface Journal {
  /** Notes a change of leader since the last view. */
  noteView(view: ClusterView): void;
  /** Oldest first. */
  lastLines(): readonly string[];
  /** Calls `listener` for each line from now on; the function that it answers ends that. */
  onLine(listener: (line: string) => void): () => void;
}

const linesMax = 12;
const quotedLinesMax = 3;

export function createJournal(
  cluster: Pick<Cluster, 'subscribe'>,
  clock: () => Date = () => new Date(),
): Journal {
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  let leader: ClusterView['leader'] = null;

  function note(text: string): void {
    const line = `${timeOfDay(clock())}  ${text}`;
    lines.push(line);
    if (lines.length > linesMax) lines.shift();
    for (const listener of listeners) listener(line);
  }

  cluster.subscribe((event) => describeEvent(event).forEach(note));

  return {
    noteView({ leader: now }) {
      if (now === null) {
        if (leader !== null) note('no leader is known');
      } else if (now.name !== leader?.name || now.term !== leader.term) {
        note(`${now.name} leads term ${now.term}`);
      }
      leader = now;
    },
    lastLines: () => lines,
    onLine(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function timeOfDay(date: Date): string {
  return date.toTimeString().slice(0, 8);
}

function describeEvent(event: ClusterEvent): string[] {
  switch (event.type) {
    case 'started':
      return [`${event.member} started as process ${event.pid}`];
    case 'exited': {
      const line = `${event.member} (process ${event.pid}) ${describeExit(event)}`;
      // A signal from outside explains itself.
      const quoted = event.isExpected || event.signal !== null ? [] : event.lastLines.slice(-quotedLinesMax);
      return [line, ...quoted.map((last) => `    ${last}`)];
    }
    case 'restarting':
      return [`${event.member} will be started again in ${event.delayMs / 1000} s (try ${event.attempt})`];
    case 'start-failed':
      return [`${event.member} could not be started: ${event.message}`];
  }
}
