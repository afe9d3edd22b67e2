import type { Output } from './command.js';
import { counted } from './entry-text.js';
import type { MirrorWriter } from './mirror-writer.js';

/** Tells how far a mirror is: on a terminal in one line that changes, else in a line now and then. */
export interface MirrorProgress {
  /** A line of its own. */
  say(text: string): Promise<void>;
  /** Where it is. Told only if the last time was a while ago. */
  follow(writer: Pick<MirrorWriter, 'putCount' | 'deletedCount'>, revision: number): Promise<void>;
  /** Takes the line that changes away. */
  end(): Promise<void>;
}

const terminalIntervalMs = 200;
const lineIntervalMs = 30_000;

export function createMirrorProgress(stderr: Output): MirrorProgress {
  const [begin, end] = stderr.isTerminal ? ['\r\u001b[K', ''] : ['', '\n'];
  const intervalMs = stderr.isTerminal ? terminalIntervalMs : lineIntervalMs;
  let toldMs = -Infinity;
  return {
    say: (text) => stderr.write(`${begin}${text}\n`),
    async follow({ putCount, deletedCount }, revision) {
      if (performance.now() - toldMs < intervalMs) return;
      toldMs = performance.now();
      const count = `put ${counted(putCount, 'key')}, deleted ${deletedCount}`;
      await stderr.write(`${begin}following at revision ${revision}: ${count}${end}`);
    },
    end: () => stderr.write(begin),
  };
}
