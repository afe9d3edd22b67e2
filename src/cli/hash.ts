import { clientOptions, prepareClients, useClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { counted } from './entry-text.js';
import { memberText } from './find-member.js';
import { hashedOf, hashMembers, judgeHashes } from './hash-members.js';
import type { HashReport, HashVerdict } from './hash-members.js';
import { endpointsOf, membersOf } from './member-endpoints.js';
import { integerOption } from './options.js';
import { renderTable, styleFor } from './style.js';
import type { Style, TableCell } from './style.js';

export const hashCommand = defineCommand({
  name: 'hash',
  summary: 'Compare what the members hold',
  usage: ['[--rev N] [flags]'],
  description: `Asks every member with a vote for a checksum over all keys with their history, at one revision,
and compares. --endpoints need not name them all: one tells where the others are. Exit code 0 if
all are equal, 1 if they differ or some cannot be compared, 4 if none can be reached.`,
  options: {
    rev: integerOption({
      description: 'at this revision (0: the latest that all of them have)',
      fallback: 0,
    }),
    ...clientOptions,
  },
  examples: [
    { command: 'quorate hash', meaning: 'the local cluster' },
    { command: 'quorate hash --rev 1200 --json', meaning: 'at revision 1200, for a program' },
  ],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const open = await prepareClients(options, io);
    const voters = (await membersOf(open, io)).filter((member) => !member.isLearner);
    const reports = await useClient(open({ endpoints: endpointsOf(voters) }), io, (client, call) =>
      hashMembers(client, voters, options.rev, call),
    );
    if (io.signal.aborted) return exitCodes.interrupted;
    const verdict = judgeHashes(reports);
    if (options.json) await io.stdout.write(`${JSON.stringify(jsonOf(reports, verdict))}\n`);
    else await print(reports, verdict, io);
    return exitCodeOf(reports, verdict);
  },
});

function jsonOf(reports: readonly HashReport[], verdict: HashVerdict): unknown {
  const members = reports.map(({ member, endpoint, outcome }) => {
    const { id, name } = member;
    if (outcome.type !== 'hashed') return { id, name, endpoint, error: outcome.error };
    const { hash, hashRevision, compactRevision } = outcome.result;
    return { id, name, endpoint, hash, revision: hashRevision, compactRevision };
  });
  return { verdict, members };
}

async function print(reports: readonly HashReport[], verdict: HashVerdict, io: CommandIo): Promise<void> {
  const style = styleFor(io.stdout);
  const titles = ['NAME', 'ID', 'ENDPOINT', 'HASH', 'REVISION', 'COMPACTED'];
  await io.stdout.write(
    renderTable(
      titles.map((title) => ({ title })),
      reports.map((report) => rowOf(report, style)),
      style,
    ),
  );
  if (verdict === 'equal') await io.stdout.write(`equal: ${counted(reports.length, 'member')} compared\n`);
  else await io.stderr.write(troubleOf(reports, verdict));
}

function rowOf({ member, endpoint, outcome }: HashReport, style: Style): readonly (string | TableCell)[] {
  const start = [member.name, member.id, endpoint.replace(/^https?:\/\//, '')];
  if (outcome.type !== 'hashed') return [...start, { text: 'none', paint: style.red }];
  const { hash, hashRevision, compactRevision } = outcome.result;
  return [
    ...start,
    hashText(hash),
    String(hashRevision),
    compactRevision < 0 ? 'none' : String(compactRevision),
  ];
}

function hashText(hash: number): string {
  return hash.toString(16).padStart(8, '0');
}

function troubleOf(reports: readonly HashReport[], verdict: Exclude<HashVerdict, 'equal'>): string {
  const lines = reports.flatMap(({ member, outcome }) =>
    outcome.type !== 'hashed' ? [`${memberText(member)}: ${outcome.error}`] : [],
  );
  return [...lines, `quorate: ${sentences[verdict](reports)}`, ''].join('\n');
}

const sentences: Readonly<Record<Exclude<HashVerdict, 'equal'>, (reports: readonly HashReport[]) => string>> =
  {
    unknown: () => 'not all members could be compared; those that answered are equal',
    apart: () => 'the members have compacted their history at different revisions: ask again in a moment',
    different: (reports) =>
      `the members differ: ${groupsOf(reports)}. Save a snapshot of each, then replace those ` +
      'that stand against the majority: `quorate member remove`, and `member add` with an empty data folder',
  };

/** `0f3a19c2 of a (…), b (…); 9d10ffe7 of c (…)` */
function groupsOf(reports: readonly HashReport[]): string {
  const groups = new Map<number, string[]>();
  for (const { member, result } of hashedOf(reports)) {
    groups.set(result.hash, [...(groups.get(result.hash) ?? []), memberText(member)]);
  }
  return [...groups].map(([hash, names]) => `${hashText(hash)} of ${names.join(', ')}`).join('; ');
}

function exitCodeOf(reports: readonly HashReport[], verdict: HashVerdict): ExitCode {
  if (verdict === 'equal') return exitCodes.ok;
  const isNobodyThere = reports.every(({ outcome }) => outcome.type === 'unreachable');
  return isNobodyThere ? exitCodes.unreachable : exitCodes.failure;
}
