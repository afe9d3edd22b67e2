import { asBuffer } from '../base/index.js';
import { ClientError } from '../client/index.js';
import { readBytes, showBytes } from './bytes-text.js';
import { clientOptions, hexOption, prepareClients, useClient, withClient } from './client-options.js';
import type { OpenClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { counted } from './entry-text.js';
import { copyDifferences } from './mirror-copy.js';
import { followChanges } from './mirror-follow.js';
import { createMirrorProgress } from './mirror-progress.js';
import type { MirrorProgress } from './mirror-progress.js';
import { refuseLoops } from './mirror-loop.js';
import type { MirrorSides } from './mirror-loop.js';
import { createMirrorWriter } from './mirror-writer.js';
import type { MirrorWriter } from './mirror-writer.js';
import { integerOption, switchOption, textOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';

const options = {
  prefix: textOption({ description: 'only keys that begin so', fallback: '' }),
  destPrefix: textOption({
    description: 'what stands in its place at the destination; the same if not given',
    placeholder: 'TEXT',
  }),
  rev: integerOption({
    description: 'copy nothing, and go on with this revision; 0: copy first',
    fallback: 0,
  }),
  deleteExtra: switchOption({ description: 'when copying, delete keys that are only at the destination' }),
  maxTxnOps: integerOption({
    description: 'most keys written at once; members of etcd and Quorate take 128',
    fallback: 128,
    min: 1,
    max: 10_000,
  }),
  destCacert: textOption({
    description: "the authorities that signed the destination's certificates (PEM)",
    placeholder: 'FILE',
  }),
  destCert: textOption({ description: 'the certificate to show to it', placeholder: 'FILE' }),
  destKey: textOption({ description: 'its private key', placeholder: 'FILE' }),
  destUser: textOption({ description: 'who writes at the destination', placeholder: 'NAME[:PASSWORD]' }),
  destPassword: textOption({ description: "the user's password", placeholder: 'PASSWORD' }),
  hex: hexOption,
  ...clientOptions,
};

type MirrorOptions = OptionValues<typeof options>;

export const mirrorCommand = defineCommand({
  name: 'mirror',
  summary: 'Keep a copy of keys in another cluster',
  usage: ['[flags] DESTINATION'],
  description: `Copies all keys, or those below --prefix, to the cluster at DESTINATION (HOST:PORT,…), then follows what
changes until Ctrl-C, which is a success. Only what differs is copied, so a mirror that is begun again
is soon where it was; keys that were deleted meanwhile are found with --delete-extra. Or it goes on, with
--rev, where the last one said that it ended.

When members of either cluster fail, it waits for them. What was one transaction is one at the destination
too, if it has no more than --max-txn-ops keys. Values are copied, not their leases: keys go when the
source says so. Nobody else should write to these keys at the destination.`,
  options,
  examples: [
    { command: 'quorate mirror 10.1.0.1:2379,10.1.0.2:2379', meaning: 'all keys' },
    {
      command: 'quorate mirror --prefix shop/ --dest-prefix copies/shop/ --delete-extra 10.1.0.1:2379',
      meaning: 'some of them, under another name',
    },
  ],
  async run({ options: given, positionals, io }) {
    const [destinationText] = takePositionals(positionals, ['DESTINATION']);
    const endpoints = destinationText.split(',').map((each) => each.trim());
    const open = await prepareDestination({ ...given, endpoints }, io);
    const sourcePrefix = readBytes(given.prefix, given.hex);
    const destinationPrefix = readBytes(given.destPrefix ?? given.prefix, given.hex);
    return withClient(given, io, (source) =>
      useClient(open(), io, (destination) =>
        mirror({ source, sourcePrefix, destination, destinationPrefix, given, io }),
      ),
    );
  },
});

async function prepareDestination(given: MirrorOptions, io: CommandIo): Promise<OpenClient> {
  const { destCacert: cacert, destCert: cert, destKey: key, destUser: user, destPassword: password } = given;
  try {
    return await prepareClients({ ...given, cacert, cert, key, user, password }, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`for DESTINATION, with --dest- before each of these flags: ${error.message}`);
  }
}

interface Sides extends MirrorSides {
  readonly given: MirrorOptions;
  readonly io: CommandIo;
}

async function mirror(sides: Sides): Promise<ExitCode> {
  const { source, sourcePrefix, destination, destinationPrefix, given, io } = sides;
  const { signal } = io;
  // Both wait for members later on. A person wants to know now that nobody answers.
  await source.page({ prefix: sourcePrefix }, { limit: 1, keysOnly: true, signal });
  await destination.page({ prefix: destinationPrefix }, { limit: 1, keysOnly: true, signal });
  await refuseLoops(sides);

  const progress = createMirrorProgress(io.stderr);
  const writer = createMirrorWriter({
    client: destination,
    operationsMax: given.maxTxnOps,
    onTrouble: (reason) =>
      progress.say(reason === undefined ? 'the destination answers again' : `${reason}; trying again`),
    signal,
  });
  function keyAt(key: Uint8Array): Uint8Array {
    const renamed = Buffer.concat([destinationPrefix, asBuffer(key).subarray(sourcePrefix.length)]);
    if (renamed.length > 0) return renamed;
    throw new UsageError(
      `the key ${showBytes(key, given.hex)} would have no name: give another --dest-prefix`,
    );
  }

  let written = given.rev === 0 ? await copy(sides, { keyAt, writer, progress }) : given.rev - 1;
  const watch = source.watch({ prefix: sourcePrefix }, { fromRevision: written + 1, progress: true, signal });
  try {
    await followChanges({
      watch,
      keyAt,
      writer,
      async onWritten(revision) {
        written = revision;
        await progress.follow(writer, revision);
      },
    });
  } catch (error) {
    if (!signal.aborted) throw withNextStep(error, written);
  } finally {
    await progress.end();
  }
  const { putCount, deletedCount } = writer;
  const fields = { revision: written, putCount, deletedCount };
  const text = `put ${counted(putCount, 'key')}, deleted ${deletedCount}; go on with --rev ${written + 1}\n`;
  await io.stdout.write(given.json ? `${JSON.stringify(fields)}\n` : text);
  return exitCodes.ok;
}

interface CopyParts {
  readonly keyAt: (key: Uint8Array) => Uint8Array;
  readonly writer: MirrorWriter;
  readonly progress: MirrorProgress;
}

/** The revision of the source that the destination has afterwards. */
async function copy(sides: Sides, { keyAt, writer, progress }: CopyParts): Promise<number> {
  const { deleteExtra } = sides.given;
  const { signal } = sides.io;
  const copied = await copyDifferences({ ...sides, keyAt, writer, deleteExtra, signal });
  const { revision, keyCount, extraCount } = copied;
  await progress.say(
    `copied as of revision ${revision}: ${counted(keyCount, 'key')}, of which ${writer.putCount} differed`,
  );
  if (extraCount > 0) {
    const fate = deleteExtra ? 'deleted' : 'left there, see --delete-extra';
    await progress.say(`${counted(extraCount, 'key')} only at the destination: ${fate}`);
  }
  return revision;
}

function withNextStep(error: unknown, written: number): unknown {
  if (!(error instanceof ClientError)) return error;
  const next =
    error.code === 'compacted'
      ? 'begin again without --rev; --delete-extra finds what was deleted meanwhile'
      : `go on with --rev ${written + 1}`;
  const { code, endpoint, mayHaveHappened } = error;
  return new ClientError(code, `${error.message}; ${next}`, { endpoint, mayHaveHappened, cause: error });
}
