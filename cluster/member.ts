import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { ClusterError } from './errors.js';
import type { Guard } from './guard.js';
import { isHealthy } from './health.js';
import type { MemberLayout } from './layout.js';
import { fileOutput, lineOutput } from './output.js';
import type { MemberOutput } from './output.js';
import { checkPortsAreFree } from './ports.js';
import { memberDiedError, servingTimeoutError } from './reports.js';
import type { ClusterEvent, ClusterMember, ClusterTls, ExitEvent, MemberState } from './types.js';
import { poll } from './wait.js';

const defaultServingTimeoutMs = 30_000;
const defaultGraceMs = 10_000;
const healthTimeoutMs = 1_000;

export interface MemberParts {
  readonly layout: MemberLayout;
  readonly clientUrl: string;
  readonly peerUrl: string;
  /** Null: without TLS. */
  readonly tls: ClusterTls | null;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly command: { readonly file: string; readonly args: readonly string[] };
  readonly env: NodeJS.ProcessEnv;
  readonly guard: Guard;
  readonly onLogLine: ((line: string) => void) | null;
  emit(event: ClusterEvent): void;
}

/** One life of the member, from spawn to exit. */
interface Run {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly startedAt: number;
  readonly output: MemberOutput;
  /** Resolves after the event has been emitted. */
  readonly ended: Promise<ExitEvent>;
  isPaused: boolean;
  isEndExpected: boolean;
}

export function createMember(parts: MemberParts): ClusterMember {
  const { layout, clientUrl, guard, onLogLine } = parts;
  const emit = (event: ClusterEvent) => parts.emit(event);
  const { name } = layout;
  let run: Run | null = null;
  let starting: Promise<void> | null = null;
  let startCount = 0;
  let lastOutput: MemberOutput | null = null;

  async function launch(): Promise<void> {
    await checkPortsAreFree([layout]);
    const output = onLogLine === null ? await fileOutput(parts.logFile) : lineOutput(onLogLine);
    const { file, args } = parts.command;
    const child = spawn(file, args, {
      // A process group of its own: Ctrl-C at the terminal is for us to pass on.
      detached: true,
      stdio: ['ignore', output.stdio, output.stdio],
      env: parts.env,
    });
    output.attach(child);
    const { pid } = child;
    if (pid === undefined) {
      const [error] = (await once(child, 'error')) as unknown[];
      throw new ClusterError('member-died', `${file} cannot be run for member ${name}: ${String(error)}`, {
        cause: error,
      });
    }
    guard.watch(pid);
    startCount += 1;
    lastOutput = output;
    const startedAt = performance.now();
    const started: Run = {
      child,
      pid,
      startedAt,
      output,
      ended: endOf(child, () => started),
      isPaused: false,
      isEndExpected: false,
    };
    run = started;
    emit({ type: 'started', member: name, pid });
  }

  /** Waits for the end of a process and tells it. */
  async function endOf(child: ChildProcess, runOf: () => Run): Promise<ExitEvent> {
    const [code, signal] = await exitOf(child);
    const ended = runOf();
    const { pid, output, isEndExpected: isExpected } = ended;
    const ranForMs = performance.now() - ended.startedAt;
    guard.forget(pid);
    if (run === ended) run = null;
    const lastLines = await lastLinesOf(output);
    const event = {
      type: 'exited',
      member: name,
      pid,
      code,
      signal,
      isExpected,
      ranForMs,
      lastLines,
    } as const;
    emit(event);
    return event;
  }

  async function start(): Promise<void> {
    if (run !== null) return;
    starting ??= launch().finally(() => (starting = null));
    return starting;
  }

  async function waitUntilServing(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? defaultServingTimeoutMs;
    await starting;
    const awaited = run;
    if (awaited === null) throw new ClusterError('invalid-options', `member ${name} is not running`);
    const outcome = await poll(async () => {
      const healthy = await isHealthy(clientUrl, parts.tls, healthTimeoutMs);
      if (run !== awaited) return 'ended'; // Asked last: another program may be answering on its port.
      return healthy ? 'serving' : undefined;
    }, timeoutMs);
    if (outcome === 'ended') throw memberDiedError(await awaited.ended);
    if (outcome === undefined) throw servingTimeoutError(name, timeoutMs, await lastLinesOf(awaited.output));
  }

  /** Ends the process by `signal`, at the latest after `graceMs` by SIGKILL. */
  async function end(signal: 'SIGTERM' | 'SIGKILL', graceMs: number): Promise<void> {
    if (starting !== null) await starting.catch(() => undefined); // Its caller is told.
    const ending = run;
    if (ending === null) return;
    ending.isEndExpected = true;
    ending.child.kill(signal);
    ending.child.kill('SIGCONT'); // A paused process does not see SIGTERM.
    const timer = setTimeout(() => ending.child.kill('SIGKILL'), graceMs);
    await ending.ended;
    clearTimeout(timer);
  }

  function pauseOrResume(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (run === null) throw new ClusterError('invalid-options', `member ${name} is not running`);
    run.child.kill(signal);
    run.isPaused = signal === 'SIGSTOP';
  }

  const stop: ClusterMember['stop'] = (options) => end('SIGTERM', options?.graceMs ?? defaultGraceMs);

  return {
    name,
    clientUrl,
    peerUrl: parts.peerUrl,
    endpoint: parts.tls === null ? new URL(clientUrl).host : clientUrl,
    dataFolder: parts.dataFolder,
    logFile: onLogLine === null ? parts.logFile : null,
    get state(): MemberState {
      if (run === null) return 'stopped';
      return run.isPaused ? 'paused' : 'running';
    },
    get pid() {
      return run?.pid ?? null;
    },
    get startCount() {
      return startCount;
    },
    get uptimeMs() {
      return run === null ? null : performance.now() - run.startedAt;
    },
    start,
    waitUntilServing,
    stop,
    kill: () => end('SIGKILL', defaultGraceMs),
    pause: () => pauseOrResume('SIGSTOP'),
    resume: () => pauseOrResume('SIGCONT'),
    async restart() {
      await stop();
      await start();
    },
    lastLogLines: () => (lastOutput === null ? Promise.resolve([]) : lastLinesOf(lastOutput)),
  };
}

/** Resolves when the process is gone and all that it printed has come. */
function exitOf(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve([code, signal])));
}

/** What a member printed helps to explain its end, but must not stand in the way of telling it. */
async function lastLinesOf(output: MemberOutput): Promise<readonly string[]> {
  try {
    return await output.lastLines();
  } catch (error) {
    return [`(its log cannot be read: ${String(error)})`];
  }
}
