import type { Keys } from '../client/index.js';
import { readBytes } from './bytes-text.js';
import { switchOption, textOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';

/** Which keys: KEY alone, or the range that begins with it. */
export const keyOptions = {
  prefix: switchOption({ description: "all keys that begin with KEY ('' is all keys)" }),
  fromKey: switchOption({ description: 'all keys from KEY on, in byte order' }),
  rangeEnd: textOption({ description: 'all keys from KEY on and below END', placeholder: 'END' }),
};

export function readKeys(text: string, options: OptionValues<typeof keyOptions>, isHex: boolean): Keys {
  const { prefix, fromKey, rangeEnd } = options;
  const ways = [prefix && '--prefix', fromKey && '--from-key', rangeEnd !== undefined && '--range-end'];
  const given = ways.filter((way) => way !== false);
  if (given.length > 1) throw new UsageError(`${given.join(' and ')} exclude each other`);
  const key = readBytes(text, isHex);
  if (prefix) return { prefix: key };
  if (fromKey) return { from: key };
  if (rangeEnd !== undefined) return { from: key, to: readBytes(rangeEnd, isHex) };
  if (key.length === 0) throw new UsageError("KEY must not be empty; for all keys: --prefix ''");
  return key;
}

export function isRange(options: OptionValues<typeof keyOptions>): boolean {
  return options.prefix || options.fromKey || options.rangeEnd !== undefined;
}
