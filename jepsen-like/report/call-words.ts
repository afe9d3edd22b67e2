import { unreachable } from '../../src/base/index.js';
import type { Call, Compare, Kv, Request, Response, WatchEntry, WatchLog } from '../history/index.js';
import { listed, quote, shortened, visible } from './text.js';
import { wordsOfOutcome } from './words.js';
import type { Words } from './words.js';

const transactionMax = 240;

export function wordsOfCall(call: Call): Words {
  return {
    action: `${wordsOfRequest(call.request)} at ${visible(call.member)}`,
    result: wordsOfOutcome(call.outcome, wordsOfResponse),
  };
}

/** `watch [a, b) from revision 7 at m1`. */
export function wordsOfWatch({ key, rangeEnd, startRevision, member, resumes }: WatchLog): string {
  const from = startRevision === 0 ? 'from now on' : `from revision ${startRevision}`;
  const after = resumes === null ? '' : `, going on after watch ${resumes}`;
  return `watch ${wordsOfKeys(key, rangeEnd)} ${from} at ${visible(member)}${after}`;
}

export function wordsOfEntry(entry: WatchEntry): string {
  switch (entry.type) {
    case 'created':
      return `created at revision ${entry.revision}`;
    case 'progress':
      return `progress to revision ${entry.revision}`;
    case 'compacted':
      return `compacted up to revision ${entry.compactRevision}`;
    case 'ended':
      return `ended: ${visible(entry.reason)}`;
    case 'events': {
      const told = entry.events.map(({ type, kv }) => (type === 'put' ? wordsOfKv(kv) : wordsOfDeletion(kv)));
      return shortened(listed(told, ['', '']), transactionMax);
    }
    default:
      return unreachable(entry);
  }
}

function wordsOfRequest(request: Request): string {
  switch (request.type) {
    case 'range': {
      const { key, rangeEnd, revision, limit, serializable } = request;
      const at = revision === 0 ? '' : ` as of revision ${revision}`;
      const most = limit === 0 ? '' : `, at most ${limit}`;
      return `range ${wordsOfKeys(key, rangeEnd)}${at}${most}${serializable ? ', serializable' : ''}`;
    }
    case 'put':
      return `put ${quote(request.key)} = ${quote(request.value)}${request.lease === '0' ? '' : ` with lease ${request.lease}`}`;
    case 'delete':
      return `delete ${wordsOfKeys(request.key, request.rangeEnd)}`;
    case 'txn': {
      const { compare, success, failure } = request;
      const condition = compare.length === 0 ? '' : `if ${compare.map(wordsOfCompare).join(' and ')} `;
      const otherwise = failure.length === 0 ? '' : ` else ${failure.map(wordsOfRequest).join(', ')}`;
      const then = success.length === 0 ? 'nothing' : success.map(wordsOfRequest).join(', ');
      return shortened(`txn ${condition}then ${then}${otherwise}`, transactionMax);
    }
    case 'compact':
      return `compact up to revision ${request.revision}`;
    case 'lease-grant':
      return `grant lease ${quote(request.id)} for ${request.ttlSeconds} s`;
    case 'lease-revoke':
      return `revoke lease ${quote(request.id)}`;
    case 'lease-keep-alive':
      return `keep lease ${quote(request.id)} alive`;
    case 'lease-time-to-live':
      return `time to live of lease ${quote(request.id)}`;
    default:
      return unreachable(request);
  }
}

function wordsOfResponse(response: Response): string {
  const at = `at revision ${response.revision}`;
  switch (response.type) {
    case 'range': {
      const [only, ...more] = response.kvs;
      if (only === undefined) return `nothing, ${at}`;
      return more.length === 0 ? `${wordsOfKv(only)}, read ${at}` : `${response.count} keys ${at}`;
    }
    case 'txn':
      return `${response.succeeded ? 'then' : 'else'} ${at}`;
    case 'delete':
      return `${response.deleted} deleted ${at}`;
    case 'lease-grant':
      return `lease ${quote(response.id)} for ${response.ttlSeconds} s`;
    case 'lease-keep-alive':
    case 'lease-time-to-live':
      return response.ttlSeconds > 0 ? `${response.ttlSeconds} s` : 'it is gone';
    case 'put':
    case 'compact':
    case 'lease-revoke':
      return `done ${at}`;
    default:
      return unreachable(response);
  }
}

function wordsOfKeys(key: string, rangeEnd: string): string {
  if (rangeEnd === '') return quote(key);
  return rangeEnd === '\0' ? `all from ${quote(key)} on` : `[${quote(key)}, ${quote(rangeEnd)})`;
}

function wordsOfCompare({ key, target, sign, operand }: Compare): string {
  return `${target} of ${quote(key)} ${sign} ${quote(operand)}`;
}

function wordsOfKv({ key, value, modRevision }: Kv): string {
  return `${quote(key)} = ${quote(value)} (revision ${modRevision})`;
}

function wordsOfDeletion({ key, modRevision }: Kv): string {
  return `${quote(key)} deleted (revision ${modRevision})`;
}
