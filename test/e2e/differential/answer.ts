import type protobuf from 'protobufjs';
import { leaseNameOn, memberNameOn } from './side.js';
import type { Side } from './side.js';
import type { Method, Reply } from './wire.js';

/** What a client is told, without what must differ between two clusters. */
export interface Told {
  readonly ok: boolean;
  /** To be compared, and for people to read. */
  readonly text: string;
  /** The response's fields; 64-bit numbers as strings, bytes as latin-1. Empty when the call failed. */
  readonly fields: Fields;
  /** What the header told of the store; null when there is no header. */
  readonly revision: number | null;
}

export interface Fields {
  readonly [name: string]: unknown;
}

export function toldOf(side: Side, method: Method, reply: Reply): Told {
  if (!reply.ok) return failed(`code ${reply.code}: ${reply.sentence}`);
  return toldFields(side, fieldsOf(method.response, reply.bytes));
}

export function failed(text: string): Told {
  return { ok: false, text, fields: {}, revision: null };
}

export function fieldsOf(type: protobuf.Type, bytes: Uint8Array): Fields {
  const plain = type.toObject(type.decode(bytes), { longs: String, enums: String });
  return JSON.parse(JSON.stringify(plain, withText)) as Fields;
}

export function toldFields(side: Side, fields: Fields): Told {
  const { header } = fields as { readonly header?: { readonly revision?: string } };
  const masked = mask(side, fields);
  return {
    ok: true,
    text: JSON.stringify(masked, null, 1),
    fields: masked as Fields,
    revision: header === undefined ? null : Number(header.revision ?? 0),
  };
}

function withText(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const encoded = value as { readonly type?: unknown; readonly data?: unknown };
  if (encoded.type !== 'Buffer' || !Array.isArray(encoded.data)) return value;
  return Buffer.from(encoded.data as number[]).toString('latin1');
}

/** Names for ids; the order of names for the order of ids. */
function mask(side: Side, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mask(side, each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]): [string, unknown] => [name, maskField(side, name, inner)]),
  );
}

function maskField(side: Side, name: string, value: unknown): unknown {
  switch (name) {
    case 'clusterId':
    case 'cluster_id':
    case 'raftTerm':
    case 'raft_term':
      return 'some';
    case 'memberId':
    case 'member_id':
      return side.memberIds.includes(String(value)) ? 'a member' : value;
    case 'memberID':
      return memberNameOn(side, String(value));
    case 'ID':
    case 'lease':
      return memberNameOn(side, leaseNameOn(side, String(value)));
    case 'token':
      return /^[A-Za-z]{16}\.\d+$/.test(String(value)) ? 'a token' : value;
    case 'errors':
      return sorted(namesIn(side, value));
    case 'alarms':
    case 'leases':
      return sorted(mask(side, value));
    default:
      return mask(side, value);
  }
}

/** `memberID:123 alarm:NOSPACE `: a sentence with an id in it. */
function namesIn(side: Side, sentences: unknown): unknown {
  if (!Array.isArray(sentences)) return sentences;
  return (sentences as readonly unknown[]).map((sentence) =>
    String(sentence).replaceAll(/\d{10,20}/g, (id) => memberNameOn(side, id)),
  );
}

function sorted(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  return [...(list as readonly unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
