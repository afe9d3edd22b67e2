import type { CallOptions, Client, Entry, Keys, Page } from '../client/index.js';
import { clientOptions, hexOption, withClient } from './client-options.js';
import { readBytes, showBytes } from './bytes-text.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { jsonOfEntry, leaseText, lineOfEntry } from './entry-text.js';
import { isRange, keyOptions, readKeys } from './key-options.js';
import { choiceOption, integerOption, switchOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';
import { renderTable, styleFor } from './style.js';
import type { Style } from './style.js';

/** Shared with the `get` lines of `quorate txn`. */
export const rangeOptions = {
  ...keyOptions,
  limit: integerOption({ description: 'at most so many keys; 0 is no limit', fallback: 0 }),
  rev: integerOption({ description: 'as of this revision; 0 is the latest', fallback: 0 }),
  sortBy: choiceOption(['key', 'version', 'create', 'mod', 'value'], {
    description: 'what orders the keys',
    fallback: 'key',
  }),
  order: choiceOption(['ascend', 'descend'], { description: 'which way', fallback: 'ascend' }),
  keysOnly: switchOption({ description: 'without values' }),
  countOnly: switchOption({ description: 'only how many keys there are' }),
};

const options = {
  ...rangeOptions,
  minModRev: integerOption({ description: 'leave out keys last written before this revision', fallback: 0 }),
  maxModRev: integerOption({ description: '… or after this one', fallback: 0 }),
  minCreateRev: integerOption({ description: 'leave out keys created before this revision', fallback: 0 }),
  maxCreateRev: integerOption({ description: '… or after this one', fallback: 0 }),
  serializable: switchOption({ description: "the member's own data: fast, perhaps stale, needs no leader" }),
  valueOnly: switchOption({ description: 'values as they are, byte for byte' }),
  long: switchOption({ short: 'l', description: 'a table with revisions, version and lease' }),
  hex: hexOption,
  ...clientOptions,
};

type GetOptions = OptionValues<typeof options>;

export const getCommand = defineCommand({
  name: 'get',
  summary: 'Read keys',
  usage: ['[flags] KEY', "--prefix [flags] PREFIX   (--prefix '' reads everything)"],
  description: `Reads one key and prints its value; exit code 3 if it is not there. Or reads a range, page by page as
of one revision, and prints a line for each key: the key, a tab, the value. What is not printable is
escaped (\\n, \\x1b), so that each stays on its line and cannot harm the terminal. --value-only prints the
bytes as they are: of one key exactly them, of a range each with a line break.`,
  options,
  examples: [
    { command: 'quorate get colour', meaning: 'one value' },
    { command: 'quorate get --value-only logo > logo.png', meaning: 'byte for byte' },
    { command: 'quorate get --prefix users/ --keys-only', meaning: 'which users there are' },
    {
      command: "quorate get --prefix '' --sort-by mod --order descend --limit 5 -l",
      meaning: 'the latest writes',
    },
    { command: 'quorate get --rev 17 colour', meaning: 'what it was' },
  ],
  async run({ options: given, positionals, io }) {
    const [keyText] = takePositionals(positionals, ['KEY']);
    const keys = readKeys(keyText, given, given.hex);
    refuseContradictions(given);
    return withClient(given, io, async (client, call) => {
      if (given.countOnly) return printCount(client, keys, given, io, call);
      if (isRange(given)) return printRange(pagesOf(client, keys, given, call), given, io);
      return printOne(client, readBytes(keyText, given.hex), given, io, call);
    });
  },
});

function refuseContradictions(given: GetOptions): void {
  const shapes = [given.valueOnly && '--value-only', given.long && '--long', given.json && '--json'];
  const more = [given.keysOnly && '--keys-only', given.countOnly && '--count-only'];
  for (const group of [shapes, more, [given.valueOnly && '--value-only', ...more]]) {
    const both = group.filter((flag) => flag !== false);
    if (both.length > 1) throw new UsageError(`${both.slice(0, 2).join(' and ')} exclude each other`);
  }
}

async function printCount(
  client: Client,
  keys: Keys,
  given: GetOptions,
  io: CommandIo,
  call: CallOptions,
): Promise<ExitCode> {
  const { rev: revision, serializable } = given;
  const page = await client.page(keys, { revision, serializable, countOnly: true, ...call });
  const json = JSON.stringify({ revision: page.revision, count: page.count });
  await io.stdout.write(`${given.json ? json : page.count}\n`);
  return exitCodes.ok;
}

async function printOne(
  client: Client,
  key: Uint8Array,
  given: GetOptions,
  io: CommandIo,
  call: CallOptions,
): Promise<ExitCode> {
  const page = await client.page(key, { ...pageOptions(given), ...call });
  const [entry] = page.entries;
  if (given.json) await printJson([page], given, io);
  else if (entry === undefined) await io.stderr.write(`quorate: no key ${showBytes(key, given.hex)}\n`);
  else if (given.long) await io.stdout.write(tableOf([entry], given, styleFor(io.stdout)));
  else if (given.valueOnly) await writeRaw(entry, io.stdout.isTerminal, io);
  else await io.stdout.write(`${showBytes(given.keysOnly ? entry.key : entry.value, given.hex)}\n`);
  return entry === undefined ? exitCodes.notFound : exitCodes.ok;
}

async function printRange(pages: AsyncIterable<Page>, given: GetOptions, io: CommandIo): Promise<ExitCode> {
  if (given.json) {
    await printJson(pages, given, io);
    return exitCodes.ok;
  }
  const style = styleFor(io.stdout);
  for await (const { entries } of pages) {
    if (given.long) {
      if (entries.length > 0) await io.stdout.write(tableOf(entries, given, style));
    } else if (given.valueOnly) {
      for (const entry of entries) await writeRaw(entry, true, io);
    } else {
      await io.stdout.write(entries.map((entry) => lineOf(entry, given)).join(''));
    }
  }
  return exitCodes.ok;
}

function pageOptions(given: GetOptions) {
  return {
    revision: given.rev,
    serializable: given.serializable,
    keysOnly: given.keysOnly,
    limit: given.limit,
    order: given.order,
    sortBy: given.sortBy,
    minModRevision: given.minModRev,
    maxModRevision: given.maxModRev,
    minCreateRevision: given.minCreateRev,
    maxCreateRevision: given.maxCreateRev,
  };
}

/** Only what is ordered by key can be cut into pages; any other order or filter is one request. */
function pagesOf(client: Client, keys: Keys, given: GetOptions, call: CallOptions): AsyncIterable<Page> {
  const filters = [given.minModRev, given.maxModRev, given.minCreateRev, given.maxCreateRev];
  if (given.sortBy !== 'key' || filters.some((revision) => revision !== 0)) {
    return (async function* () {
      yield await client.page(keys, { ...pageOptions(given), ...call });
    })();
  }
  const revision = given.rev === 0 ? undefined : given.rev;
  const limit = given.limit === 0 ? undefined : given.limit;
  const { serializable, keysOnly, order } = given;
  return client.range(keys, { revision, limit, serializable, keysOnly, order, ...call }).pages();
}

/** Page by page, so that a range larger than memory is one document nevertheless. */
async function printJson(
  pages: AsyncIterable<Page> | Iterable<Page>,
  given: GetOptions,
  io: CommandIo,
): Promise<void> {
  let first: Page | undefined;
  let more = false;
  let separator = '';
  for await (const page of pages) {
    if (first === undefined) {
      first = page;
      const { revision, count } = page;
      await io.stdout.write(`${JSON.stringify({ revision, count }).slice(0, -1)},"entries":[`);
    }
    more = page.more;
    for (const entry of page.entries) {
      await io.stdout.write(
        `${separator}${JSON.stringify(jsonOfEntry(entry, { keysOnly: given.keysOnly }))}`,
      );
      separator = ',';
    }
  }
  await io.stdout.write(`],"more":${more}}\n`);
}

function lineOf(entry: Entry, given: GetOptions): string {
  return given.keysOnly ? `${showBytes(entry.key, given.hex)}\n` : lineOfEntry(entry, given.hex);
}

async function writeRaw(entry: Entry, withLineBreak: boolean, io: CommandIo): Promise<void> {
  await io.stdout.write(entry.value);
  if (withLineBreak) await io.stdout.write('\n');
}

function tableOf(entries: readonly Entry[], given: GetOptions, style: Style): string {
  const columns = [
    { title: 'KEY' },
    ...(given.keysOnly ? [] : [{ title: 'VALUE' }]),
    { title: 'CREATED', align: 'right' },
    { title: 'MODIFIED', align: 'right' },
    { title: 'VERSION', align: 'right' },
    { title: 'LEASE' },
  ] as const;
  const rows = entries.map((entry) => [
    showBytes(entry.key, given.hex),
    ...(given.keysOnly ? [] : [showBytes(entry.value, given.hex)]),
    String(entry.createRevision),
    String(entry.modRevision),
    String(entry.version),
    entry.lease === 0n ? '' : leaseText(entry.lease),
  ]);
  return renderTable(columns, rows, style);
}
