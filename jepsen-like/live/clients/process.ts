import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Guard } from '../../../cluster/index.js';
import { messageOf } from '../../../src/base/index.js';
import type { History } from '../../history/index.js';
import { builtFile } from '../built.js';
import type { ClientOrder, ClientReport, ClientSetup, Endpoints, MachineDeed } from './messages.js';

export type ClientHistory = Pick<History, 'operations' | 'calls' | 'watches'>;

export type OrderType = 'prepare' | 'act' | 'finish' | 'save';

/** A client's process, as the run sees it. */
export interface ClientProcess {
  readonly number: number;
  readonly workload: string;
  /** Requests so far. */
  readonly operations: number;
  /** Rejects when the client failed, now or at any time before: that is a bug of the kit, or an answer nobody can read. */
  order(type: OrderType): Promise<void>;
  /** Who may be asked from now on. */
  readdress(endpoints: Endpoints): void;
  /** SIGSTOP. */
  pause(): void;
  resume(): void;
  history(): Promise<ClientHistory>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const program = builtFile(fileURLToPath(new URL('./main.js', import.meta.url)));

/** Resolves when it is ready for orders. */
export async function startClient(
  setup: ClientSetup,
  guard: Guard,
  perform: (deed: MachineDeed) => Promise<void>,
): Promise<ClientProcess> {
  // A process group of its own: Ctrl-C at the terminal is for the run to pass on.
  const child = fork(program, {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`client ${setup.number} could not be started`);
  guard.watch(pid);
  let operations = 0;
  let failure: Error | null = null;
  const waiting = new Map<ClientOrder['type'], Waiter>();

  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      guard.forget(pid);
      fail(`its process has ended (${signal ?? String(code)})`);
      resolve();
    });
  });
  child.on('error', (error) => fail(error.message));
  child.on('message', (report: ClientReport) => {
    if (report.type === 'progress') operations = report.operations;
    else if (report.type === 'failed') fail(report.error);
    else if (report.type === 'deed') {
      perform(report.deed).then(
        () => tell({ type: 'deed-done' }),
        (error: unknown) => fail(messageOf(error)),
      );
    } else {
      waiting.get(report.order)?.resolve();
      waiting.delete(report.order);
    }
  });

  function fail(why: string): void {
    failure ??= new Error(`client ${setup.number} (${setup.workload}): ${why}`);
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  }

  function tell(order: ClientOrder): void {
    if (child.connected) child.send(order, () => undefined); // Its end is told by itself.
  }

  function send(order: ClientOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      if (failure !== null) {
        reject(failure);
        return;
      }
      waiting.set(order.type, { resolve, reject });
      tell(order);
    });
  }

  await send({ type: 'set-up', setup });
  return {
    number: setup.number,
    workload: setup.workload,
    get operations() {
      return operations;
    },
    order: (type) => send({ type }),
    readdress: (endpoints) => tell({ type: 'readdress', endpoints }),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    history: async () => JSON.parse(await readFile(setup.historyFile, 'utf8')) as ClientHistory,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
