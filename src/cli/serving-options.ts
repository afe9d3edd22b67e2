import type { ApiLimits } from '../api/index.js';
import { durationOption, listOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';

/** How clients are served, as flags of `quorate server`. */
export const servingOptions = {
  cors: listOption({
    description: "web pages of these origins may send requests ('*': of any;\nnot given: of none)",
    placeholder: 'ORIGIN,…',
    fallback: [],
  }),
  watchProgressNotifyInterval: durationOption({
    description:
      'how often watches that ask for it hear of progress\n(also --experimental-watch-progress-notify-interval)',
    aliases: ['experimental-watch-progress-notify-interval'],
    fallbackMs: 10 * 60_000,
  }),
};

export interface ServingSettings {
  readonly allowedOrigins: readonly string[];
  readonly limits: Pick<ApiLimits, 'watchProgressIntervalMs'>;
}

const intervalMsMin = 100;
/** What a timer can wait. */
const intervalMsMax = 2 ** 31 - 1;

/** Throws UsageError for what cannot be an origin, and for times that no timer can wait. */
export function readServing(given: OptionValues<typeof servingOptions>): ServingSettings {
  const wrong = given.cors.find((origin) => origin !== '*' && !isOrigin(origin));
  if (wrong !== undefined) {
    throw new UsageError(
      `--cors needs origins such as https://example.com or http://localhost:8080, or '*', not ${JSON.stringify(wrong)}`,
    );
  }
  const watchProgressIntervalMs = given.watchProgressNotifyInterval;
  if (watchProgressIntervalMs < intervalMsMin || watchProgressIntervalMs > intervalMsMax)
    throw new UsageError('--watch-progress-notify-interval must be 100ms to 24 days');
  return { allowedOrigins: given.cors, limits: { watchProgressIntervalMs } };
}

/** As browsers send it: a scheme, a host, and a port that is not the usual one. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
