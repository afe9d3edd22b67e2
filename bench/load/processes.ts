import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { builtFile } from '../built.js';
import type { Answers, Command } from './jobs.js';
import type { Ask, Reply } from './worker.js';

/** The processes of the load generator, started when first needed. */
export interface Processes {
  /** What process `index` answers. Rejects when it fails or dies. */
  ask<C extends Command>(index: number, command: C): Promise<Answers[C['type']]>;
  /** Ends them all, and resolves when they are gone. */
  close(): Promise<void>;
}

export const processCountMax = 8;

interface Waiting {
  readonly resolve: (answer: Answers[Command['type']]) => void;
  readonly reject: (error: Error) => void;
}

interface LoadProcess {
  readonly child: ChildProcess;
  readonly waiting: Map<number, Waiting>;
  readonly gone: Promise<void>;
}

export function createProcesses(): Processes {
  const started = new Map<number, LoadProcess>();
  let nextId = 0;

  function processOf(index: number): LoadProcess {
    if (index >= processCountMax)
      throw new Error(`a load generator of more than ${processCountMax} processes`);
    const known = started.get(index);
    if (known !== undefined) return known;
    const waiting = new Map<number, Waiting>();
    const child = fork(builtFile('bench/load/worker.js'), { serialization: 'advanced', execArgv: [] });
    const gone = new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        started.delete(index);
        const error = new Error(`a process of the load generator ended: ${String(code ?? signal)}`);
        for (const { reject } of waiting.values()) reject(error);
        resolve();
      });
    });
    child.on('message', (reply: Reply) => {
      const request = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('error' in reply) request?.reject(new Error(reply.error));
      else request?.resolve(reply.answer);
    });
    const fresh = { child, waiting, gone };
    started.set(index, fresh);
    return fresh;
  }

  return {
    async ask<C extends Command>(index: number, command: C) {
      const { child, waiting } = processOf(index);
      const id = nextId++;
      const answer = await new Promise<Answers[Command['type']]>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, command } satisfies Ask, (error) => {
          if (error !== null) reject(error);
        });
      });
      // The other end answers each type of command with its own type of answer: see `Answers`.
      return answer as Answers[C['type']];
    },
    async close() {
      const all = [...started.values()];
      for (const { child } of all) if (child.connected) child.disconnect();
      await Promise.all(all.map(({ gone }) => gone));
    },
  };
}
