import { clientOptions, hexOption, withClient } from './client-options.js';
import { readAll } from './bytes-text.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { counted, jsonOfDelete, jsonOfPage, jsonOfPut, lineOfEntry } from './entry-text.js';
import { UsageError } from './options.js';
import { styleFor } from './style.js';
import { parseTxn } from './txn-syntax.js';
import type { StepResult } from './txn-syntax.js';

export const txnCommand = defineCommand({
  name: 'txn',
  summary: 'Compare, then write or read, all at once',
  usage: ['[flags] < TEXT'],
  description: `Reads a transaction from standard input (end it with Ctrl-D) and runs it as one step: if all comparisons
hold, the operations of the second part, else those of the third. Both ways are a success, exit code 0.

  if
    value(seat/7) = free          # also version, mod, create, lease; = != < >
    missing(closed)               # also exists(KEY)
  then
    put seat/7 "ada lovelace"     # put KEY VALUE [--lease ID] [--keep-lease]
    get --prefix seat/            # get KEY, with most flags of \`quorate get\`
  else
    get seat/7                    # also del KEY [--prefix] [--from-key] [--range-end END]

The headings may be left out, as etcdctl does: then a blank line ends each part. Words with blanks are
quoted; "double quotes" know \\n, \\t, \\\\, \\" and \\x1b. A # begins a comment.`,
  options: { hex: hexOption, ...clientOptions },
  examples: [
    {
      command: "printf 'mod(k) = 17\\n\\nput k new\\n\\nget k\\n' | quorate txn",
      meaning: 'write k unless it changed',
    },
  ],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const text = Buffer.from(await readAll(io.stdin)).toString('utf8');
    const script = parseTxn(text, options.hex);
    if (script.success.length + script.failure.length === 0) {
      throw new UsageError('this transaction has no operations');
    }
    const result = await withClient(options, io, (client, call) =>
      client
        .txn()
        .if(...script.compares)
        .then(...script.success)
        .else(...script.failure)
        .commit(call),
    );
    const { succeeded, revision } = result;
    if (options.json) {
      const results = result.results.map(jsonOfStep);
      await io.stdout.write(`${JSON.stringify({ revision, succeeded, results })}\n`);
      return exitCodes.ok;
    }
    const style = styleFor(io.stdout);
    const verdict = succeeded ? style.green('SUCCESS') : style.yellow('FAILURE');
    const lines = result.results.map((step) => textOfStep(step, options.hex));
    await io.stdout.write(`${verdict}  revision ${revision}\n${lines.join('')}`);
    return exitCodes.ok;
  },
});

function jsonOfStep(step: StepResult): object {
  switch (step.type) {
    case 'put':
      return { put: jsonOfPut(step.result) };
    case 'get':
      return { get: jsonOfPage(step.result) };
    case 'del':
      return { del: jsonOfDelete(step.result) };
  }
}

function textOfStep(step: StepResult, isHex: boolean): string {
  switch (step.type) {
    case 'put':
      return 'put  OK\n';
    case 'get':
      return `get  ${counted(step.result.count, 'key')}\n${step.result.entries
        .map((entry) => `     ${lineOfEntry(entry, isHex)}`)
        .join('')}`;
    case 'del':
      return `del  ${counted(step.result.deleted, 'key')}\n`;
  }
}
