import { ClientError } from '../client/index.js';
import type { ClusterMember } from '../client/index.js';
import { UsageError } from './options.js';

/** As people call it, with what stands before the colon of messages: `member remove`. */
interface Wish {
  readonly command: string;
  /** An id in hexadecimal, as tables show it, or a name. */
  readonly text: string;
}

/** The member that is meant. Throws ClientError `member-not-found`, and UsageError where a name is not enough. */
export function findMember(members: readonly ClusterMember[], { command, text }: Wish): ClusterMember {
  const id = text.replace(/^0x/i, '').toLowerCase().padStart(16, '0');
  const found = members.filter((member) => member.id === id || (text !== '' && member.name === text));
  const [member, another] = found;
  if (another !== undefined) {
    const ids = found.map((each) => each.id).join(', ');
    throw new UsageError(`${text} may be each of the members ${ids}: give the whole id`);
  }
  if (member !== undefined) return member;
  const known = members.map(memberText).join(', ');
  throw new ClientError('member-not-found', `${command}: there is no member ${text}; there are ${known}`);
}

/** `d (0123456789abcdef)`, or the id alone of a member that has no name yet. */
export function memberText({ id, name }: ClusterMember): string {
  return name === '' ? id : `${name} (${id})`;
}
