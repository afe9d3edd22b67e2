import { emptyBytes } from '../base/index.js';
import { createByteReader } from './byte-reader.js';
import type { ByteReader } from './byte-reader.js';
import { createByteWriter } from './byte-writer.js';
import { encodePut, readCommand, writeCommand } from './command.js';
import type { Caller, Proposal } from './types.js';

/*
 * What stands in a normal log entry: on whose behalf, and what. Frozen.
 *
 *   proposal = [caller] command        command: command.ts, admin-command.ts
 *   caller   = 64                      nobody: no credentials were given
 *            | 65 user revision        text, varint
 *   Without a caller it is `trusted`: the members themselves.
 *
 * Example: nobody puts k = v: `40 01 00 01 6b 01 76`.
 */
const nobodyTag = 64;
const userTag = 65;

const nobody: Caller = { user: '', authRevision: 0 };
const nobodyPrefix = Buffer.of(nobodyTag);

export function encodeProposal({ command, caller }: Proposal): Buffer {
  const prefix = prefixOf(caller);
  if (command.type === 'put') return encodePut(command, prefix);
  const writer = createByteWriter();
  for (const byte of prefix) writer.byte(byte);
  writeCommand(writer, command);
  return writer.finish();
}

/** Reads what encodeProposal wrote; values are views into `bytes`. Any other bytes throw `storage-corrupt`. */
export function decodeProposal(bytes: Uint8Array): Proposal {
  const reader = createByteReader(bytes, 'a command');
  const first = bytes[0];
  const isSigned = first === nobodyTag || first === userTag;
  const caller = isSigned ? readCaller(reader) : 'trusted';
  const command = readCommand(reader);
  reader.end();
  return { command, caller };
}

function prefixOf(caller: Caller): Uint8Array {
  if (caller === 'trusted') return emptyBytes;
  if (caller.user === '') return nobodyPrefix;
  const writer = createByteWriter();
  writer.byte(userTag);
  writer.text(caller.user);
  writer.uint(caller.authRevision);
  return writer.finish();
}

function readCaller(reader: ByteReader): Caller {
  if (reader.byte() === nobodyTag) return nobody;
  return { user: reader.text(), authRevision: reader.uint() };
}
