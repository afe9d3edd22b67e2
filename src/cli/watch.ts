import { ClientError } from '../client/index.js';
import type { ChangeEvent, ProgressEvent, Watch } from '../client/index.js';
import { clientOptions, hexOption, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { keyOptions, readKeys } from './key-options.js';
import { choiceOption, durationOption, integerOption, switchOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';
import { graceMsDefault, runProgram, splitProgram } from './program.js';
import type { Program } from './program.js';
import { styleFor } from './style.js';
import { environmentOfEvent, jsonOfEvent, linesOfEvent } from './watch-events.js';

const options = {
  ...keyOptions,
  rev: integerOption({
    description: 'begin with this revision, also of the past; 0: from now on',
    fallback: 0,
  }),
  previous: switchOption({ description: 'also tell what keys were before' }),
  prevKv: switchOption({ description: 'the same, as etcdctl names it' }),
  filter: choiceOption(['all', 'put', 'delete'], { description: 'only these events', fallback: 'all' }),
  progress: switchOption({ description: 'also tell up to which revision there is nothing more to come' }),
  grace: durationOption({
    description: 'how long a COMMAND has to end after Ctrl-C',
    fallbackMs: graceMsDefault,
  }),
  hex: hexOption,
  ...clientOptions,
};

type WatchCommandOptions = OptionValues<typeof options>;
type Events = Watch<ChangeEvent | ProgressEvent>;

export const watchCommand = defineCommand({
  name: 'watch',
  summary: 'See keys change',
  usage: ['[flags] KEY [RANGE_END] [-- COMMAND ARG…]'],
  description: `Prints each change of a key or a range of keys, in order, until Ctrl-C, which is a success. A line is the
revision, put or delete, the key and, of a put, the value, with tabs between. It goes on where it was
when connections and members fail; --timeout is for its beginning alone.

With a COMMAND nothing is printed: it is run for each event, one at a time, and finds the event in
QUORATE_WATCH_TYPE (put or delete), QUORATE_WATCH_KEY, QUORATE_WATCH_VALUE and QUORATE_WATCH_REVISION, and as
JSON on its standard input. What is no text is escaped in the variables, and what is longer than 64 KiB
is left out. If COMMAND fails, the watch ends with code 1 and says where to go on.`,
  options,
  examples: [
    { command: 'quorate watch colour', meaning: 'one key' },
    { command: 'quorate watch --prefix users/ --json', meaning: 'all users, for programs: a line an event' },
    { command: 'quorate watch --rev 17 --previous colour', meaning: 'what happened since, and goes on' },
    {
      command: 'quorate watch --prefix conf/ -- sh -c \'echo "$QUORATE_WATCH_KEY changed"; reload\'',
      meaning: 'a command for each change',
    },
  ],
  async run({ options: given, positionals: all, dashesAt, io }) {
    const { positionals, program } = splitProgram(all, dashesAt);
    const [keyText, rangeEnd] = takeKeyWords(positionals, given);
    const keys = readKeys(keyText, { ...given, rangeEnd }, given.hex);
    return withClient(given, io, async (client, call) => {
      // A watch waits for members as long as it takes. A person wants to know that nobody answers.
      await client.page(keys, { limit: 1, keysOnly: true, ...call });
      const watch = client.watch(keys, {
        fromRevision: given.rev === 0 ? undefined : given.rev,
        previous: given.previous || given.prevKv,
        only: given.filter === 'all' ? undefined : `${given.filter}s`,
        progress: given.progress,
        ...call,
      });
      try {
        return await follow(watch, given, program, io);
      } catch (error) {
        if (io.signal.aborted) return exitCodes.ok;
        throw withNextStep(error);
      }
    });
  },
});

function takeKeyWords(
  positionals: readonly string[],
  { rangeEnd }: WatchCommandOptions,
): readonly [string, string | undefined] {
  if (positionals.length < 2) return [takePositionals(positionals, ['KEY'])[0], rangeEnd];
  const [key, end] = takePositionals(positionals, ['KEY', 'RANGE_END']);
  if (rangeEnd !== undefined) throw new UsageError('RANGE_END and --range-end exclude each other');
  return [key, end];
}

async function follow(
  watch: Events,
  given: WatchCommandOptions,
  program: Program['words'] | undefined,
  io: CommandIo,
): Promise<ExitCode> {
  const style = styleFor(io.stdout);
  const show = (event: ChangeEvent | ProgressEvent): string =>
    given.json ? `${JSON.stringify(jsonOfEvent(event))}\n` : linesOfEvent(event, given.hex, style);
  const first = await watch.ready();
  if (given.progress) await io.stdout.write(show({ type: 'progress', revision: first - 1 }));
  for await (const { events } of watch.batches()) {
    if (program === undefined) {
      await io.stdout.write(events.map(show).join(''));
      continue;
    }
    for (const event of events) {
      if (event.type === 'progress') await io.stdout.write(show(event));
      else if (!(await runFor(event, program, given, io)))
        return io.signal.aborted ? exitCodes.ok : exitCodes.failure;
    }
  }
  return exitCodes.ok;
}

/** False: it failed, or was interrupted. */
async function runFor(
  event: ChangeEvent,
  words: Program['words'],
  { hex, grace }: WatchCommandOptions,
  io: CommandIo,
): Promise<boolean> {
  const program = {
    words,
    env: environmentOfEvent(event, hex),
    stdin: Buffer.from(`${JSON.stringify(jsonOfEvent(event))}\n`),
  };
  const end = await runProgram(io, program, { stop: io.signal, graceMs: grace });
  if (io.signal.aborted || end === undefined) return false;
  if (end.type === 'ended' && end.code === 0) return true;
  const what = end.type === 'ended' ? `${words[0]} ended with code ${end.code}` : end.reason;
  await io.stderr.write(`quorate: ${what}; go on with --rev ${event.revision}\n`);
  return false;
}

function withNextStep(error: unknown): unknown {
  if (!(error instanceof ClientError) || error.code !== 'compacted') return error;
  const { compactRevision } = error;
  if (compactRevision === undefined) return error;
  const message = `${error.message}; begin with --rev ${compactRevision} or later, after a look at the keys as they are`;
  return new ClientError('compacted', message, { compactRevision, cause: error });
}
