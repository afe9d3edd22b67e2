import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Cluster } from '../../cluster/index.js';
import { at } from '../../src/base/index.js';
import { createMask } from './mask.js';
import { subject } from './pair.js';
import type { Pair } from './pair.js';

/** All members of the shell's cluster. */
export function everywhere(shell: Shell): { readonly endpoint: string } {
  return { endpoint: shell.cluster.endpoints.join(',') };
}

/** One of two clusters, and etcdctl to talk to it. All that is run goes into the transcript that is compared. */
export interface Shell {
  readonly system: 'quorate' | 'etcd';
  readonly cluster: Cluster;
  /** What `<folder>` stands for in a transcript: a folder of this side's own. */
  readonly folder: string;
  /** Runs to the end. The first member is asked unless `member` names another by index. */
  readonly run: (command: string | readonly string[], options?: RunOptions) => Promise<Ended>;
  /** Runs until it ends or is ended: see `Running`. */
  readonly start: (command: string | readonly string[], options?: RunOptions) => Running;
  /** Runs once a moment, without a line in the transcript, until it prints `pattern`. */
  readonly until: (
    pattern: RegExp | string,
    command: string | readonly string[],
    options?: RunOptions,
  ) => Promise<Ended>;
  /** From now on the transcript has `name` for `text`, an address for example. */
  readonly call: (text: string, name: string) => void;
}

export interface RunOptions {
  readonly input?: string;
  readonly member?: number;
  /** In place of a member: all of them, or an address. */
  readonly endpoint?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** `run` ends it then, which shows in the transcript. */
  readonly timeoutMs?: number;
  /** Takes out of the transcript what differs between any two clusters. */
  readonly hide?: (output: string) => string;
}

/** What a command printed, as it printed it. */
export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code, or the signal that ended it. */
  readonly end: string;
}

export interface Running {
  /** Resolves when the standard output holds the text, or text for the pattern, so many times. */
  see(text: string | RegExp, count?: number): Promise<RegExpMatchArray>;
  write(input: string): void;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

const seeTimeoutMs = 20_000;
/** What should have ended by then is ended, which shows in the transcript. */
const runTimeoutMs = 15_000;
const pauseMs = 20;

/** Runs the script against both clusters at once, and compares what it printed, command by command. */
export async function compare(pair: Pair, script: (shell: Shell) => Promise<void>): Promise<void> {
  const [ours, theirs] = await Promise.allSettled([
    transcriptOf({ system: subject, cluster: pair.subject, folder: join(pair.folder, 'subject') }, script),
    transcriptOf({ system: 'etcd', cluster: pair.reference, folder: join(pair.folder, 'reference') }, script),
  ]);
  if (theirs.status === 'rejected') throw theirs.reason;
  if (ours.status === 'rejected') throw ours.reason;
  expect(ours.value).toEqual(theirs.value);
}

/** The store's revision. What it runs does not go into the transcript. */
export async function revisionOf(shell: Shell): Promise<number> {
  const { stdout } = await shell.until('revision', 'get any -w json');
  const { header } = JSON.parse(stdout) as { readonly header: { readonly revision: number } };
  return header.revision;
}

async function transcriptOf(
  side: Pick<Shell, 'system' | 'cluster' | 'folder'>,
  script: (shell: Shell) => Promise<void>,
): Promise<string> {
  const names = new Map([[side.folder, '<folder>']]);
  const mask = await createMask(side.cluster, names);
  const entries: (() => string)[] = [];
  const running = new Set<ChildProcess>();
  const shell = createShell({ ...side, mask, names, entries, running });
  const failures: unknown[] = [];
  await script(shell).catch((error: unknown) => failures.push(error));
  for (const child of running) child.kill('SIGKILL');
  const transcript = entries.map((entry) => entry()).join('');
  if (failures.length > 0) {
    throw new Error(`the script failed, after this:\n${transcript}`, { cause: failures[0] });
  }
  return transcript;
}

interface ShellParts extends Pick<Shell, 'system' | 'cluster' | 'folder'> {
  readonly mask: (output: string) => string;
  readonly names: Map<string, string>;
  readonly entries: (() => string)[];
  readonly running: Set<ChildProcess>;
}

function createShell(parts: ShellParts): Shell {
  const { system, cluster, folder, mask, names, entries, running } = parts;
  function launch(command: string | readonly string[], options: RunOptions): Running {
    const args = argumentsOf(command, folder);
    const endpoint = options.endpoint ?? at(cluster.endpoints, options.member ?? 0);
    const child = spawn('etcdctl', ['--endpoints', endpoint, ...args], {
      env: { PATH: process.env['PATH'], ETCDCTL_API: '3', ...options.environment },
      cwd: folder,
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    return watch(child, options.input, `etcdctl ${args.join(' ')}`);
  }

  function start(command: string | readonly string[], options: RunOptions = {}): Running {
    const started = launch(command, options);
    const { hide = (output: string) => output } = options;
    let ended: Ended | null = null;
    entries.push(() => {
      const shown = [`$ etcdctl ${typeof command === 'string' ? command : command.join(' ')}`];
      if (ended === null) return `${shown.join('')}\n(did not end)\n`;
      const { stdout, stderr, end } = ended;
      const said = hide(mask(stderr));
      const errors = said === '' ? '' : `(stderr) ${said}`;
      return `${hide(mask(shown.join('')))}\n${hide(mask(stdout))}${errors}(${end})\n`;
    });
    return { ...started, ended: started.ended.then((end) => (ended = end)) };
  }

  return {
    system,
    cluster,
    folder,
    start,
    async run(command, options) {
      const started = start(command, options);
      const timer = setTimeout(
        () => void started.end('SIGKILL').catch(() => undefined),
        options?.timeoutMs ?? runTimeoutMs,
      );
      const ended = await started.ended;
      clearTimeout(timer);
      return ended;
    },
    async until(pattern, command, options = {}) {
      for (const deadline = Date.now() + seeTimeoutMs; ;) {
        const ended = await launch(command, options).ended;
        if (ended.stdout.match(pattern) !== null || ended.stderr.match(pattern) !== null) return ended;
        if (Date.now() > deadline) {
          throw new Error(
            `${String(pattern)} was never printed by ${String(command)}: ${ended.stdout}${ended.stderr}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    },
    call: (text, name) => void names.set(text, name),
  };
}

/** Words between blanks; one in single quotes may hold blanks. `<folder>` becomes this side's folder. */
function argumentsOf(command: string | readonly string[], folder: string): readonly string[] {
  const words =
    typeof command === 'string'
      ? [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
      : command;
  return words.map((word) => word.replaceAll('<folder>', folder));
}

function watch(child: ChildProcess, input: string | undefined, title: string): Running {
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error('etcdctl runs with pipes');
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  stdout.on('data', (bytes: Buffer) => {
    output.stdout += bytes.toString('latin1');
    for (const listener of listeners) listener();
  });
  stderr.on('data', (bytes: Buffer) => (output.stderr += bytes.toString('latin1')));
  stdin.on('error', () => undefined); // It may end without having read what it was given.
  if (input !== undefined) stdin.end(input);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ ...output, end: signal ?? `exit ${String(code)}` }));
  });
  return {
    ended,
    write: (text) => void stdin.write(text),
    async end(signal) {
      child.kill(signal);
      return ended;
    },
    see: (text, count = 1) =>
      new Promise((resolve, reject) => {
        const pattern =
          typeof text === 'string' ? new RegExp(escapeRegExp(text), 'g') : new RegExp(text, 'g');
        const finish = (): void => {
          listeners.delete(check);
          clearTimeout(timer);
          child.off('close', fail);
        };
        const fail = (): void => {
          finish();
          reject(new Error(`${title} did not print ${String(text)}, but ${output.stdout}${output.stderr}`));
        };
        const check = (): void => {
          const match = [...output.stdout.matchAll(pattern)].at(count - 1);
          if (match === undefined) return;
          finish();
          resolve(match);
        };
        const timer = setTimeout(fail, seeTimeoutMs);
        listeners.add(check);
        child.once('close', fail);
        check();
      }),
  };
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
