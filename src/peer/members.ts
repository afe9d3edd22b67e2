import type { Client, ServiceError } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';

import { messageOf, QuorateError } from '../base/index.js';
import { quorate } from '../gen/protos.js';
import type { Tls } from '../tls/index.js';
import { parsePeerUrl } from './address.js';
import { createDial } from './dialing.js';
import { ProtocolError } from './wire.js';
import { membersPath, passBytes } from './service.js';
import type { PeerMember } from './types.js';

const { MembersReply } = quorate.peer;

/** What a member tells a newcomer of its cluster. */
export interface ClusterDescription {
  readonly clusterId: string;
  readonly members: readonly PeerMember[];
}

/**
 * Asks members in turn, by their peer addresses, who belongs to their cluster; the first answer counts. For a newcomer,
 * which has no identity yet. `timeoutMs` is for each of them. Rejects with `unavailable` when none answers, and
 * `invalid-configuration` when an address is malformed or there is none.
 */
export async function fetchMembers(
  urls: readonly string[],
  timeoutMs: number,
  tls: Tls | null = null,
): Promise<ClusterDescription> {
  if (urls.length === 0) throw new QuorateError('invalid-configuration', 'there is no peer address to ask');
  for (const url of urls) parsePeerUrl(url);
  const dial = createDial(tls);
  const problems: string[] = [];
  for (const url of urls) {
    try {
      return await askMember(dial(url), timeoutMs);
    } catch (error) {
      problems.push(`${url}: ${messageOf(error)}`);
    }
  }
  throw new QuorateError('unavailable', `no member answers: ${problems.join('; ')}`);
}

export function encodeMembersReply({ clusterId, members }: ClusterDescription): Buffer {
  const reply = {
    clusterId,
    members: members.map((member) => ({
      ...member,
      peerUrls: [...member.peerUrls],
      clientUrls: [...member.clientUrls],
    })),
  };
  return Buffer.from(MembersReply.encode(MembersReply.create(reply)).finish());
}

export function decodeMembersReply(bytes: Uint8Array): ClusterDescription {
  const { clusterId, members } = decode(bytes);
  if (!/^[0-9a-f]{16}$/.test(clusterId)) throw new ProtocolError('the answer names no cluster');
  return {
    clusterId,
    members: members.map(({ id, name, peerUrls, clientUrls, isLearner }) => ({
      id: id ?? '',
      name: name ?? '',
      peerUrls: peerUrls ?? [],
      clientUrls: clientUrls ?? [],
      isLearner: isLearner ?? false,
    })),
  };
}

function decode(bytes: Uint8Array): quorate.peer.MembersReply {
  try {
    return MembersReply.decode(bytes);
  } catch (error) {
    throw new ProtocolError('the answer does not decode', { cause: error });
  }
}

async function askMember(client: Client, timeoutMs: number): Promise<ClusterDescription> {
  try {
    const reply = await new Promise<Buffer>((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      const done = (error: ServiceError | null, value?: Buffer): void => {
        if (error === null && value !== undefined) resolve(value);
        else reject(new Error(error === null ? 'an empty answer' : error.details));
      };
      client.makeUnaryRequest(
        membersPath,
        passBytes,
        passBytes,
        Buffer.alloc(0),
        new Metadata(),
        { deadline },
        done,
      );
    });
    return decodeMembersReply(reply);
  } finally {
    client.close();
  }
}
