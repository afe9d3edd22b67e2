import type { CommandIo } from './command.js';
import { durationOption, UsageError } from './options.js';
import type { OptionSpec, OptionValues } from './options.js';
import { styleFor } from './style.js';

/** Flags of what is waited for in a line and then held: locks and leaderships. */
export const turnOptions = {
  ttl: wholeSeconds(
    durationOption({ description: 'how long it outlives a holder that has died', fallbackMs: 15_000 }),
  ),
};

interface TurnTerms {
  readonly ttlSeconds: number;
  readonly signal: AbortSignal;
}

/** How long until a person is told that this takes longer. */
const hintMs = 500;

/** Waits for a lock or a leadership. `what` completes "waiting for …". */
export async function waitForTurn<Turn>(
  what: string,
  { ttl }: OptionValues<typeof turnOptions>,
  io: CommandIo,
  take: (terms: TurnTerms) => Promise<Turn>,
): Promise<Turn> {
  let hint = Promise.resolve();
  const timer = setTimeout(() => {
    if (io.stderr.isTerminal) hint = io.stderr.write(styleFor(io.stderr).dim(`waiting for ${what} …\n`));
  }, hintMs);
  try {
    return await take({ ttlSeconds: ttl / 1000, signal: io.signal });
  } finally {
    clearTimeout(timer);
    await hint;
  }
}

function wholeSeconds(spec: OptionSpec<number>): OptionSpec<number> {
  return {
    ...spec,
    parse(text) {
      const ms = spec.parse(text);
      if (ms < 1000 || ms % 1000 !== 0)
        throw new UsageError(`needs whole seconds, 1 or more, not ${JSON.stringify(text)}`);
      return ms;
    },
  };
}
