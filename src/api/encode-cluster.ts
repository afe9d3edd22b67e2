import type { MemberRecord } from '../mvcc/index.js';
import { idOf } from './header.js';
import type { HeaderWriter } from './header.js';
import { createWireWriter } from './wire-writer.js';

/** One for all answers: each is written in one go, without waiting in between. */
const writer = createWireWriter();

/** MemberAddResponse has the new member as field 2 and all as field 3; the other answers have all as field 2. */
export function encodeMemberAddResponse(
  header: HeaderWriter,
  { member, members }: { readonly member: MemberRecord; readonly members: readonly MemberRecord[] },
): Buffer {
  for (const each of members.toReversed()) writeMember(0x1a, each);
  writeMember(0x12, member);
  header(writer, 0);
  return writer.finish();
}

export function encodeMembersResponse(header: HeaderWriter, members: readonly MemberRecord[]): Buffer {
  for (const each of members.toReversed()) writeMember(0x12, each);
  header(writer, 0);
  return writer.finish();
}

function writeMember(tag: number, member: MemberRecord): void {
  const mark = writer.mark();
  writer.boolean(0x28, member.isLearner);
  for (const url of member.clientUrls.toReversed()) writer.text(0x22, url);
  for (const url of member.peerUrls.toReversed()) writer.text(0x1a, url);
  if (member.name !== '') writer.text(0x12, member.name);
  writer.bigint(0x08, idOf(member.id));
  writer.message(tag, mark);
}
