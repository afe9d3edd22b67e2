import type { LeaseTimeToLive } from '../member/index.js';
import type { LeaseId, Revision } from '../mvcc/index.js';
import type { HeaderWriter } from './header.js';
import { createWireWriter } from './wire-writer.js';

/** One for all answers: each is written in one go, without waiting in between. */
const writer = createWireWriter();

export function encodeLeaseGrantResponse(
  header: HeaderWriter,
  answer: { readonly id: LeaseId; readonly ttlSeconds: number; readonly revision: Revision },
): Buffer {
  writer.number(0x18, answer.ttlSeconds);
  writer.bigint(0x10, answer.id);
  header(writer, answer.revision);
  return writer.finish();
}

export function encodeLeaseRevokeResponse(header: HeaderWriter, revision: Revision): Buffer {
  header(writer, revision);
  return writer.finish();
}

export function encodeLeaseKeepAliveResponse(
  header: HeaderWriter,
  answer: { readonly id: LeaseId; readonly ttlSeconds: number; readonly revision: Revision },
): Buffer {
  return encodeLeaseGrantResponse(header, answer);
}

/** Null: there is no such lease, which a TTL of −1 says. */
export function encodeLeaseTimeToLiveResponse(
  header: HeaderWriter,
  revision: Revision,
  id: LeaseId,
  lease: LeaseTimeToLive | null,
): Buffer {
  for (const key of lease?.keys.toReversed() ?? []) writer.latin1(0x2a, key);
  writer.number(0x20, lease?.grantedTtlSeconds ?? 0);
  writer.number(0x18, lease?.ttlSeconds ?? -1);
  writer.bigint(0x10, id);
  header(writer, revision);
  return writer.finish();
}

export function encodeLeaseLeasesResponse(
  header: HeaderWriter,
  revision: Revision,
  ids: readonly LeaseId[],
): Buffer {
  for (const id of ids.toReversed()) {
    const mark = writer.mark();
    writer.bigint(0x08, id);
    writer.message(0x12, mark);
  }
  header(writer, revision);
  return writer.finish();
}
