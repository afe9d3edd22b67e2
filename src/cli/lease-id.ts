import { leaseText } from './entry-text.js';
import { exitCodes } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { parseLeaseId, UsageError } from './options.js';

/** The ID of a command line. */
export function readLeaseId(text: string): bigint {
  try {
    return parseLeaseId(text);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`ID ${error.message}; see \`quorate lease list\``);
    throw error;
  }
}

export async function tellMissing(lease: bigint, io: CommandIo): Promise<ExitCode> {
  const text = `there is no lease ${leaseText(lease)}: it has ended, or was revoked; see \`quorate lease list\``;
  await io.stderr.write(`quorate: ${text}\n`);
  return exitCodes.notFound;
}
