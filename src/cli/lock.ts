import { asBuffer } from '../base/index.js';
import { ClientError } from '../client/index.js';
import type { Client, HeldLock, LockOptions } from '../client/index.js';
import { readBytes, showBytes, utf8Of } from './bytes-text.js';
import { clientOptions, hexOption, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { durationOption, UsageError } from './options.js';
import type { OptionSpec } from './options.js';
import { graceMsDefault, runProgram, splitProgram } from './program.js';
import type { Program } from './program.js';
import { styleFor } from './style.js';
import { turnOptions, waitForTurn } from './turn.js';
import { variableText } from './watch-events.js';
import { whenAborted } from './when-aborted.js';

export const lockCommand = defineCommand({
  name: 'lock',
  summary: 'Hold a lock, for a command or until Ctrl-C',
  usage: ['[flags] NAME [-- COMMAND ARG…]'],
  description: `Waits for the lock NAME, which others may want with \`quorate lock\`, a client library or \`etcdctl lock\`.
Then prints its key and its fence, and holds it until Ctrl-C, which is a success.

With a COMMAND nothing is printed: it runs while the lock is held, finds QUORATE_LOCK_KEY and
QUORATE_LOCK_FENCE in its environment, and its exit code becomes that of \`quorate lock\`. At Ctrl-C, and when
the lock is lost, be it that no member could be reached for --ttl, it is sent SIGTERM and, --grace later,
SIGKILL. Processes that COMMAND starts are its own affair: let a shell \`exec\` what should end with it.

A lock that was lost may be somebody else's already while COMMAND still ends: exit code 1. The fence grows
from holder to holder. What the lock protects should refuse a lower one than it has seen.`,
  options: {
    ...turnOptions,
    wait: {
      ...durationOption({
        description: 'how long to wait for it; 0: not at all; for ever if not given',
        fallbackMs: 0,
      }),
      fallbackText: undefined,
      fallback: undefined,
    } satisfies OptionSpec<number | undefined>,
    grace: durationOption({
      description: 'how long a COMMAND has between SIGTERM and SIGKILL',
      fallbackMs: graceMsDefault,
    }),
    hex: hexOption,
    ...clientOptions,
  },
  examples: [
    { command: 'quorate lock reports/nightly', meaning: 'until Ctrl-C' },
    { command: 'quorate lock reports/nightly -- ./make-report', meaning: 'one at a time on all machines' },
    {
      command: 'quorate lock --wait 0 backup -- sh -c \'exec backup --fence "$QUORATE_LOCK_FENCE"\'',
      meaning: 'only if nobody else does it',
    },
  ],
  async run({ options, positionals: all, dashesAt, io }) {
    const { positionals, program } = splitProgram(all, dashesAt);
    const [nameText] = takePositionals(positionals, ['NAME']);
    const name = readBytes(nameText, options.hex);
    if (name.length === 0) throw new UsageError('NAME must not be empty');
    return withClient(options, io, async (client) => {
      const what = `the lock ${showBytes(name, options.hex)}`;
      const lock = await waitForTurn(what, options, io, (terms) => take(client, name, options.wait, terms));
      if (lock === undefined) {
        await io.stderr.write(`quorate: ${what} was not to be had within --wait\n`);
        return exitCodes.failure;
      }
      try {
        if (program === undefined) return await hold(lock, options, io);
        return await runUnder(lock, { words: program, ...options }, io);
      } finally {
        // If nobody can be told, it ends with its lease, which is renewed no more.
        await lock.release().catch(() => undefined);
      }
    });
  },
});

/** Undefined: it was not to be had in that time. */
async function take(
  client: Client,
  name: Uint8Array,
  waitMs: number | undefined,
  terms: LockOptions,
): Promise<HeldLock | undefined> {
  if (waitMs === 0) return client.tryAcquire(name, terms);
  try {
    return await client.acquire(name, { ...terms, timeoutMs: waitMs });
  } catch (error) {
    if (waitMs === undefined || !(error instanceof ClientError && error.code === 'timed-out')) throw error;
    if (error.endpoint !== undefined) throw error; // Some member did not answer.
    return undefined;
  }
}

async function hold(
  lock: HeldLock,
  { hex, json }: { readonly hex: boolean; readonly json: boolean },
  io: CommandIo,
): Promise<ExitCode> {
  const { fence } = lock;
  const keyText = utf8Of(lock.key);
  const fields = {
    key: asBuffer(lock.key).toString('base64'),
    ...(keyText === undefined ? {} : { keyText }),
    fence,
  };
  const text = `${styleFor(io.stdout).green('locked')}  ${showBytes(lock.key, hex)}  fence ${fence}\n`;
  await io.stdout.write(json ? `${JSON.stringify(fields)}\n` : text);
  await whenAborted(io.signal, lock.signal);
  if (io.signal.aborted) return exitCodes.ok;
  throw lock.signal.reason;
}

interface Work {
  readonly words: Program['words'];
  readonly hex: boolean;
  readonly grace: number;
}

async function runUnder(lock: HeldLock, { words, hex, grace }: Work, io: CommandIo): Promise<ExitCode> {
  const env = {
    QUORATE_LOCK_KEY: variableText(lock.key, hex),
    QUORATE_LOCK_FENCE: String(lock.fence),
  };
  const stop = AbortSignal.any([io.signal, lock.signal]);
  const end = await runProgram(io, { words, env, stdin: 'inherit' }, { stop, graceMs: grace });
  if (!lock.isHeld) {
    const message = `${reasonOf(lock)}; somebody else may have had it while ${words[0]} ran`;
    throw new ClientError('lock-lost', message, { cause: lock.signal.reason });
  }
  if (end === undefined) return exitCodes.interrupted;
  if (end.type === 'not-started') await io.stderr.write(`quorate: ${end.reason}\n`);
  return end.code;
}

function reasonOf({ signal }: HeldLock): string {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason.message : 'lock: its time was over';
}
