import { connect } from '../client/index.js';
import type { CallOptions, Client } from '../client/index.js';
import { clientTlsOptions, readClientTls, securedEndpoints } from './client-tls.js';
import type { CommandIo } from './command.js';
import { readCredentials, userOptions } from './credentials.js';
import { durationOption, listOption, switchOption, withEnvironment } from './options.js';
import type { OptionValues } from './options.js';

/** The flags of every command that talks to a cluster; they may also stand before the command. */
export const clientOptions = withEnvironment({
  endpoints: listOption({
    description: 'members to ask, in turn',
    placeholder: 'HOST:PORT,…',
    fallback: ['127.0.0.1:2379', '127.0.0.1:22379', '127.0.0.1:32379'],
  }),
  ...clientTlsOptions,
  ...userOptions,
  timeout: durationOption({ description: 'for the whole request, retries included', fallbackMs: 5000 }),
  json: switchOption({ description: 'print JSON for programs; see `quorate help json`' }),
});

/** For commands that take or show keys and values. */
export const hexOption = switchOption({ description: 'keys and values, given and printed, are hexadecimal' });

export type ClientOptionValues = OptionValues<typeof clientOptions>;

interface ClientOverrides {
  readonly endpoints?: readonly string[];
  readonly roundsMax?: number;
}

/** Makes clients as the flags want them, but for the overrides. */
export type OpenClient = (overrides?: ClientOverrides) => Client;

/** Reads certificates, and asks for a password that is missing: once, however many clients are made. */
export async function prepareClients(options: ClientOptionValues, io: CommandIo): Promise<OpenClient> {
  const tls = await readClientTls(options);
  const credentials = await readCredentials(options, io);
  const auth = credentials === undefined ? {} : { auth: credentials };
  const timeoutMs = options.timeout;
  return ({ endpoints = options.endpoints, roundsMax = defaultRoundsMax } = {}) =>
    connect(securedEndpoints(endpoints, options), {
      startAt: 'first',
      roundsMax,
      timeoutMs,
      ...tls,
      ...auth,
    });
}

/** A person waits at the other end: three rounds of an unreachable cluster tell as much as five seconds of them. */
const defaultRoundsMax = 3;

/** Runs `use` with a client that is closed afterwards, however it ends. */
export async function withClient<Result>(
  options: ClientOptionValues,
  io: CommandIo,
  use: (client: Client, call: CallOptions) => Promise<Result>,
): Promise<Result> {
  return useClient((await prepareClients(options, io))(), io, use);
}

/** Runs `use` with this client, which is closed afterwards. */
export async function useClient<Result>(
  client: Client,
  io: CommandIo,
  use: (client: Client, call: CallOptions) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(client, { signal: io.signal });
  } finally {
    await client.close();
  }
}
