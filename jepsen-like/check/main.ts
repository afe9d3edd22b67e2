import { readFile, stat } from 'node:fs/promises';
import { messageOf, QuorateError } from '../../src/base/index.js';
import { FormatError } from '../history/formats/index.js';
import { writeReport } from '../report/index.js';
import { checkText, gravest } from './check.js';
import type { ExitCode } from './check.js';
import { help, readOptions } from './options.js';
import type { CheckOptions } from './options.js';

/** What a text of this language can hold. */
const fileSizeMax = 512 * 1024 * 1024 - 1024;

async function main(): Promise<ExitCode> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const codes: ExitCode[] = [];
  for (const file of options.files) codes.push(await checkFile(file, options));
  return gravest(codes);
}

async function checkFile(file: string, options: CheckOptions): Promise<ExitCode> {
  try {
    const { size } = await stat(file);
    if (size > fileSizeMax) throw new FormatError('', `larger than ${fileSizeMax} bytes`);
    const { reading, verdicts, lines, code } = checkText(file, await readFile(file, 'utf8'), options);
    process.stdout.write(`${lines.join('\n')}\n`);
    if (options.report !== null) {
      await writeReport(options.report, { history: reading.history, verdicts, title: `check of ${file}` });
      process.stdout.write(`report: ${options.report}\n`);
    }
    return code;
  } catch (error) {
    if (!(error instanceof FormatError) && !isFileError(error)) throw error;
    process.stderr.write(`${file}: ${messageOf(error)}\n`);
    return 2;
  }
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    if (!(error instanceof QuorateError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  },
);
