import { openStateMachine } from '../../src/mvcc/index.js';
import type {
  Caller,
  Command,
  CommandResponse,
  Membership,
  Outcome,
  Proposal,
  StateMachine,
} from '../../src/mvcc/index.js';
import { createMemoryDisk } from '../../src/storage/index.js';
import type { MemoryDisk, MemoryDiskOptions, OrderedStore } from '../../src/storage/index.js';

export const genesis: Membership = {
  configuration: { voters: ['00000000000000a1'], outgoing: [], learners: [], learnersNext: [] },
  members: [
    {
      id: '00000000000000a1',
      name: '',
      peerUrls: ['http://127.0.0.1:2380'],
      clientUrls: [],
      isLearner: false,
    },
  ],
  removed: [],
};

/** As the members themselves propose it. */
export function trusted(command: Command | null): Proposal | null {
  return command === null ? null : { command, caller: 'trusted' };
}

/** Other work of the event loop: all that waits for a promise. */
export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

export interface Harness {
  readonly disk: MemoryDisk;
  readonly machine: StateMachine;
  /** That of the entries to come. */
  term: number;
  /** Applies at the next index. */
  readonly apply: (command: Command | null, caller?: Caller) => Outcome<CommandResponse>;
  /** The same, which must not be refused. */
  readonly done: (command: Command) => CommandResponse;
  /** As a process that is killed and started again: what was flushed is there, the rest is replayed from the log. */
  restart(options?: { readonly replay: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface HarnessOptions extends MemoryDiskOptions {
  readonly cacheSizeBytesMax?: number;
}

export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const disk = createMemoryDisk(options);
  const log: { readonly term: number; readonly proposal: Proposal | null }[] = [];
  let term = 1;
  const { cacheSizeBytesMax = 1024 * 1024 } = options;
  let store: OrderedStore = await disk.open('state');
  const open = async (): Promise<StateMachine> =>
    openStateMachine(store, { cacheSizeBytesMax, yieldToLoop: turn, genesis });
  let machine = await open();

  function apply(command: Command | null, caller: Caller = 'trusted'): Outcome<CommandResponse> {
    const proposal = command === null ? null : { command, caller };
    log.push({ term, proposal });
    return machine.apply({ term, index: log.length }, proposal);
  }

  return {
    disk,
    get machine() {
      return machine;
    },
    get term() {
      return term;
    },
    set term(next) {
      term = next;
    },
    apply,
    done(command) {
      const outcome = apply(command);
      if (!outcome.ok) throw new Error(`refused: ${outcome.error}`);
      return outcome.value;
    },
    async restart({ replay } = { replay: true }) {
      disk.kill();
      store = await disk.open('state');
      machine = await open();
      const flushed = machine.applied.index;
      if (!replay) log.length = flushed;
      for (const [index, entry] of log.entries()) {
        if (index < flushed) continue;
        machine.apply({ term: entry.term, index: index + 1 }, entry.proposal);
      }
    },
    async close() {
      await machine.close();
      await store.close();
    },
  };
}

/** All records in the store, as text: revision, tombstone mark. */
export function storedRevisions(disk: MemoryDisk): string[] {
  return disk
    .dump('state')
    .filter(([key]) => key.charCodeAt(0) === 0)
    .map(([key]) => {
      const bytes = Buffer.from(key, 'latin1');
      return `${bytes.readUInt32BE(4)}.${bytes.readUInt32BE(13)}${bytes.length > 17 ? 't' : ''}`;
    });
}

/** Values as text, so that a Buffer and a Uint8Array of the same bytes are equal. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}
