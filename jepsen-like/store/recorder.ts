import type { Call, History, Operation, WatchLog } from '../history/index.js';

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

/** Gathers what the clients of one run did and saw. What is begun and never ended is in the history too, as unknown. */
export interface Recorder {
  /** Microseconds on the one clock of the run. */
  nowUs(): number;
  /** A number that no process had before. */
  newProcess(): number;
  /** The slot is taken at the invocation; what is put into it later replaces what stood there. */
  addCall(call: Unnumbered<Call>): (ended: Pick<Call, 'completedUs' | 'outcome'>) => void;
  addOperation(operation: Unnumbered<Operation>): (ended: Unnumbered<Operation>) => void;
  /** Its entries go on growing while the watch lives. */
  addWatch(watch: Unnumbered<WatchLog>): WatchLog;
  history(): Pick<History, 'operations' | 'calls' | 'watches'>;
}

export function createRecorder(nowUs: () => number): Recorder {
  const calls: Call[] = [];
  const operations: Operation[] = [];
  const watches: WatchLog[] = [];
  let processCount = 0;
  return {
    nowUs,
    newProcess: () => processCount++,
    addCall(call) {
      const id = calls.length;
      calls.push({ id, ...call });
      return (ended) => (calls[id] = { id, ...call, ...ended });
    },
    addOperation(operation) {
      const id = operations.length;
      operations.push({ id, ...operation });
      return (ended) => (operations[id] = { id, ...ended });
    },
    addWatch(watch) {
      const log = { id: watches.length, ...watch };
      watches.push(log);
      return log;
    },
    history: () => ({ operations, calls, watches }),
  };
}
