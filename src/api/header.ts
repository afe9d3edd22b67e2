import type { Member } from '../member/index.js';
import { createWireWriter } from './wire-writer.js';
import type { WireWriter } from './wire-writer.js';

/**
 * Writes etcd's ResponseHeader as field 1 of the answer around it: who answers, the store's revision, the term. A
 * revision of 0 is left out; answers about membership have none.
 */
export type HeaderWriter = (writer: WireWriter, revision: number) => void;

export function createHeaderWriter(member: Member): HeaderWriter {
  const ids = encodeIds(member);
  return (writer, revision) => {
    const mark = writer.mark();
    writer.number(0x20, member.header().term);
    writer.number(0x18, revision);
    writer.raw(ids);
    writer.message(0x0a, mark);
  };
}

/** Cluster and member stay the same for as long as the member runs. */
function encodeIds(member: Member): Buffer {
  const writer = createWireWriter();
  writer.bigint(0x10, idOf(member.id));
  writer.bigint(0x08, idOf(member.clusterId));
  return writer.finish();
}

/** The 64-bit number that 16 hexadecimal digits stand for. */
export function idOf(hexadecimal: string): bigint {
  return BigInt(`0x${hexadecimal}`);
}
