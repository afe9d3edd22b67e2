import type { Alarm, Revision } from '../mvcc/index.js';
import { idOf } from './header.js';
import type { HeaderWriter } from './header.js';
import { createWireWriter } from './wire-writer.js';

/** One for all answers: each is written in one go, without waiting in between. */
const writer = createWireWriter();

const alarmNumbers = { 'no-space': 1, corrupt: 2 } as const;

/** Without a header, as etcd 3.4. */
export function encodeAlarmResponse(alarms: readonly Alarm[]): Buffer {
  for (const { memberId, alarm } of alarms.toReversed()) {
    const mark = writer.mark();
    writer.number(0x10, alarmNumbers[alarm]);
    writer.bigint(0x08, idOf(memberId));
    writer.message(0x12, mark);
  }
  return writer.finish();
}

export function encodeHashResponse(header: HeaderWriter, revision: Revision, hash: number): Buffer {
  writer.number(0x10, hash);
  header(writer, revision);
  return writer.finish();
}
