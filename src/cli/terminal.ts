import process from 'node:process';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

import { UsageError } from './options.js';

/** A person who can be asked. */
export interface Terminal {
  /**
   * A line that is typed without being shown. Throws UsageError when input ends instead (Ctrl-D), and what the command's
   * signal was aborted with.
   */
  askSecret(question: string): Promise<string>;
}

/** `ask` shows the question; what is typed at `input` is shown nowhere. */
export function createTerminal(
  input: NodeJS.ReadableStream,
  ask: (text: string) => Promise<void>,
  signal: AbortSignal,
): Terminal {
  return {
    async askSecret(question) {
      signal.throwIfAborted();
      // Before the question is shown: from then on somebody may type.
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
      const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
      const line = nextLine(lines, signal);
      line.catch(() => undefined); // Told below, once the question is out.
      try {
        await ask(question);
        return await line;
      } finally {
        lines.close();
        await ask('\n');
      }
    },
  };
}

function nextLine(lines: ReturnType<typeof createInterface>, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.once('line', resolve);
    lines.once('close', () => reject(new UsageError('no password was given')));
    // Where each key counts, Ctrl-C is one of them: it shall do what it does elsewhere.
    lines.once('SIGINT', () => void process.kill(process.pid, 'SIGINT'));
    const giveUp = (): void => reject(abortReason(signal));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
