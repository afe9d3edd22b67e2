import type { StatusObject } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';

import type { NodeId } from '../raft/index.js';
import { isPeerUrl } from './address.js';
import type { PeerAddress, PeerIdentity, Refusal } from './types.js';

/** Who speaks to whom, as the metadata of each call says it (peer.proto), and how a call to the wrong one is refused. */

const protocolVersion = '1';
const urlsMax = 16;
const urlsLengthMax = 2_048;
const idPattern = /^[0-9a-f]{16}$/;

export interface Caller extends PeerIdentity {
  readonly advertiseUrls: readonly string[];
}

export function describeCall(caller: Caller, to: NodeId): Metadata {
  const metadata = new Metadata();
  metadata.set('quorate-protocol', protocolVersion);
  metadata.set('quorate-cluster', caller.clusterId);
  metadata.set('quorate-from', caller.memberId);
  metadata.set('quorate-to', to);
  metadata.set('quorate-from-urls', caller.advertiseUrls.join(','));
  return metadata;
}

export type CallCheck =
  | { readonly ok: true; readonly caller: PeerAddress }
  | { readonly ok: false; readonly status: Partial<StatusObject>; readonly from: string };

/** What a callee makes of a caller's metadata. `removed`: members that have left the cluster for good. */
export function checkCall(metadata: Metadata, callee: PeerIdentity, removed: ReadonlySet<NodeId>): CallCheck {
  const from = textOf(metadata, 'quorate-from');
  const protocol = textOf(metadata, 'quorate-protocol');
  const cluster = textOf(metadata, 'quorate-cluster');
  const to = textOf(metadata, 'quorate-to');
  if (protocol !== protocolVersion) {
    const text = `this member speaks version ${protocolVersion} of the peer protocol, the caller ${quoted(protocol)}`;
    return refuse('other-protocol', from, text);
  }
  if (cluster !== callee.clusterId) {
    const text = `this is a member of cluster ${callee.clusterId}, the caller belongs to ${quoted(cluster)}`;
    return refuse('other-cluster', from, text);
  }
  if (to !== callee.memberId) {
    return refuse(
      'other-member',
      from,
      `this is member ${callee.memberId}, the caller looks for ${quoted(to)}`,
    );
  }
  if (removed.has(from)) return { ok: false, from: quoted(from), status: describeRemoval(from) };
  const urls = urlsOf(metadata);
  if (!idPattern.test(from) || from === callee.memberId || urls === null) {
    const details = 'the caller does not say properly who it is';
    return { ok: false, from: quoted(from), status: { code: status.INVALID_ARGUMENT, details } };
  }
  return { ok: true, caller: { id: from, urls } };
}

/** The status for a member that has left the cluster, when it calls and where it is connected already. */
export function describeRemoval(id: NodeId): Partial<StatusObject> {
  return describeRefusal('removed', `member ${id} has been removed from the cluster`);
}

/** The status for one of this cluster, as it says, of whom the log says nothing. It may try again: no refusal for good. */
export function describeStranger(id: NodeId): Partial<StatusObject> {
  const details = `${id} is no member that this one knows of, and this one is not looking for a leader`;
  return { code: status.PERMISSION_DENIED, details };
}

/** The refusal that a failed call carries, or null when it failed for another reason. */
export function refusalOf(metadata: Metadata): Refusal | null {
  const text = textOf(metadata, 'quorate-refusal');
  return text === 'other-protocol' ||
    text === 'other-cluster' ||
    text === 'other-member' ||
    text === 'removed'
    ? text
    : null;
}

function refuse(refusal: Refusal, from: string, details: string): CallCheck {
  return { ok: false, from: quoted(from), status: describeRefusal(refusal, details) };
}

function describeRefusal(refusal: Refusal, details: string): Partial<StatusObject> {
  const metadata = new Metadata();
  metadata.set('quorate-refusal', refusal);
  const code = refusal === 'removed' ? status.PERMISSION_DENIED : status.FAILED_PRECONDITION;
  return { code, details, metadata };
}

function textOf(metadata: Metadata, key: string): string {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value : '';
}

/** What a stranger sent, short enough and clean enough for a log. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 32));
}

function urlsOf(metadata: Metadata): readonly string[] | null {
  const text = textOf(metadata, 'quorate-from-urls');
  const urls = text.length > urlsLengthMax ? [] : text.split(',');
  return urls.length > 0 && urls.length <= urlsMax && urls.every(isPeerUrl) ? urls : null;
}
