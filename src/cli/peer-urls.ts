import { listOption, UsageError } from './options.js';
import { checkUrl } from './urls.js';

export const peerUrlsOption = listOption({
  description: 'where the other members reach it',
  placeholder: 'URL,…',
  fallback: [],
});

export function readPeerUrls({ peerUrls }: { readonly peerUrls: readonly string[] }): readonly string[] {
  if (peerUrls.length === 0) throw new UsageError('--peer-urls is missing: --peer-urls http://10.0.0.4:2380');
  try {
    return peerUrls.map(checkUrl);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`--peer-urls ${error.message}`);
    throw error;
  }
}
