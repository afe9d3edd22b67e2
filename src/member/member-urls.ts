import { QuorateError } from '../base/index.js';
import { isPeerUrl } from '../peer/index.js';

/** A scheme, a host and a port, and nothing else: etcd takes no others. */
const pattern = /^https?:\/\/([^/?#@\s:[\]]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/;

/** Peer URLs as they are kept: sorted. Errors: `invalid-member-urls` when there is none, or one that nobody could dial. */
export function checkMemberUrls(urls: readonly string[]): readonly string[] {
  const trimmed = urls.map((url) => url.trim());
  if (trimmed.length === 0 || !trimmed.every((url) => pattern.test(url) && isPeerUrl(url))) {
    throw new QuorateError('invalid-member-urls');
  }
  return trimmed.sort();
}
