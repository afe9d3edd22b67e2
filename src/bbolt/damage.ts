import { QuorateError } from '../base/index.js';
import type { PageId } from './format.js';
import type { ByteSource } from './types.js';

/** The file cannot be what bbolt writes. Code `storage-corrupt`. */
export function damaged(source: ByteSource, page: PageId | null, how: string): QuorateError {
  const where = page === null ? '' : `, page ${page}`;
  return new QuorateError(
    'storage-corrupt',
    `${source.name}${where}: ${how}: the file is damaged, or no bbolt file. Take another copy, or a new snapshot`,
  );
}
