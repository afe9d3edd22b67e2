import { createHash } from 'node:crypto';
import { QuorateError } from '../base/index.js';
import { etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import { decodeRequest } from './decode.js';
import { firstRequest } from './method.js';
import type { CallStream, Method } from './method.js';

/**
 * A client for which this waits so long for each mebibyte is given up: what it holds keeps the disk from coming free, and
 * few snapshots are taken at a time.
 */
const stallMsMax = 60_000;
const stallSizeBytes = 1024 * 1024;

/**
 * etcdserverpb.Maintenance/Snapshot: the state as one file in pieces of 32 KiB, and then, as a piece of its own that
 * `remaining_bytes` does not count, the 32 bytes of the file's SHA-256.
 */
export function snapshotMethods(
  member: Member,
  options: { readonly stallMsMax: number } = { stallMsMax },
): readonly Method[] {
  return [
    {
      type: 'stream',
      path: '/etcdserverpb.Maintenance/Snapshot',
      direction: 'server',
      handle: (call) => sendSnapshot(member, call, options.stallMsMax),
    },
  ];
}

async function sendSnapshot(member: Member, call: CallStream, stallMs: number): Promise<void> {
  decodeRequest(etcdserverpb.SnapshotRequest, await firstRequest(call));
  const caller = await member.auth.callerOf(call.context.credentials);
  const file = await member.maintenance.snapshotFile(caller);
  const hash = createHash('sha256');
  let remaining = file.sizeBytes;
  let sentSizeBytes = 0;
  let patienceMs = stallMs;
  for await (const chunk of file.chunks) {
    if (call.signal.aborted) return;
    hash.update(chunk);
    remaining -= chunk.length;
    sentSizeBytes += chunk.length;
    if (sentSizeBytes % stallSizeBytes < chunk.length) patienceMs = stallMs;
    if (call.send(encode(remaining, chunk))) continue;
    const beganMs = performance.now();
    await drained(call, patienceMs);
    patienceMs -= performance.now() - beganMs;
  }
  call.send(encode(0, hash.digest()));
}

function encode(remainingBytes: number, blob: Uint8Array): Buffer {
  const bytes = etcdserverpb.SnapshotResponse.encode({ remainingBytes, blob }).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function drained(call: CallStream, stallMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new QuorateError('canceled', 'the client takes the snapshot too slowly'));
    }, stallMs);
  });
  try {
    await Promise.race([call.drained(), stalled]);
  } finally {
    clearTimeout(timer);
  }
}
