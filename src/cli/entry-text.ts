import { asBuffer } from '../base/index.js';
import type { DeleteResult, Entry, Page, PutResult } from '../client/index.js';
import { showBytes, utf8Of } from './bytes-text.js';

/** An entry as `--json` has it; see the topic `json`. */
export function jsonOfEntry(entry: Entry, { keysOnly = false } = {}): Record<string, unknown> {
  const keyText = utf8Of(entry.key);
  const valueText = utf8Of(entry.value);
  return {
    key: base64(entry.key),
    ...(keyText === undefined ? {} : { keyText }),
    ...(keysOnly ? {} : { value: base64(entry.value) }),
    ...(keysOnly || valueText === undefined ? {} : { valueText }),
    createRevision: entry.createRevision,
    modRevision: entry.modRevision,
    version: entry.version,
    ...(entry.lease === 0n ? {} : { lease: leaseText(entry.lease) }),
  };
}

export function jsonOfPut({ revision, previous }: PutResult): Record<string, unknown> {
  return { revision, ...(previous === undefined ? {} : { previous: jsonOfEntry(previous) }) };
}

export function jsonOfPage(
  page: Page,
  options: { readonly keysOnly?: boolean } = {},
): Record<string, unknown> {
  const { revision, count, more, entries } = page;
  return { revision, count, more, entries: entries.map((entry) => jsonOfEntry(entry, options)) };
}

export function jsonOfDelete({ revision, deleted, previous }: DeleteResult): Record<string, unknown> {
  return { revision, deleted, previous: previous.map((entry) => jsonOfEntry(entry)) };
}

/** `KEY<tab>VALUE`, each on one line whatever bytes they are. */
export function lineOfEntry(entry: Entry, isHex: boolean): string {
  return `${showBytes(entry.key, isHex)}\t${showBytes(entry.value, isHex)}\n`;
}

/** `1 key`, `2 keys` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function leaseText(lease: bigint): string {
  return BigInt.asUintN(64, lease).toString(16);
}

function base64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64');
}
