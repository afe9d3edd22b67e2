import { readFile } from 'node:fs/promises';
import type { ClientOptions } from '../client/index.js';
import { messageOf } from '../base/index.js';
import { textOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';

/** How a client shows who it is, and knows whom it speaks to. Named like etcdctl's. */
export const clientTlsOptions = {
  cacert: textOption({
    description: "the authorities that signed the members' certificates (PEM)",
    placeholder: 'FILE',
  }),
  cert: textOption({ description: 'the certificate to show to them', placeholder: 'FILE' }),
  key: textOption({ description: 'its private key', placeholder: 'FILE' }),
};

type Given = OptionValues<typeof clientTlsOptions>;

/** Throws UsageError naming the flag whose file cannot be read. */
export async function readClientTls({ cacert, cert, key }: Given): Promise<Pick<ClientOptions, 'tls'>> {
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--cert and --key go together: give both or neither');
  }
  const [ca, certificate, privateKey] = await Promise.all([
    read('--cacert', cacert),
    read('--cert', cert),
    read('--key', key),
  ]);
  const tls = {
    ...(ca === null ? {} : { ca }),
    ...(certificate === null || privateKey === null ? {} : { cert: certificate, key: privateKey }),
  };
  return Object.keys(tls).length === 0 ? {} : { tls };
}

/** As etcdctl: whoever gives certificates means TLS where an address says nothing. */
export function securedEndpoints(endpoints: readonly string[], given: Given): readonly string[] {
  const isSecure = given.cacert !== undefined || given.cert !== undefined;
  if (!isSecure) return endpoints;
  return endpoints.map((endpoint) => (endpoint.includes('://') ? endpoint : `https://${endpoint}`));
}

async function read(flag: string, path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag} ${path} cannot be read: ${messageOf(error)}`);
  }
}
