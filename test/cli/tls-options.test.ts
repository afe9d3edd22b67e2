import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/cli/options.js';
import { parseOptions } from '../../src/cli/parse-options.js';
import { readTls, tlsOptions } from '../../src/cli/tls-options.js';
import type { ServerTlsSettings } from '../../src/cli/tls-options.js';

type Urls = Parameters<typeof readTls>[1];

const plain: Urls = { clients: ['http://127.0.0.1:2379'], peers: ['http://127.0.0.1:2380'] };
const secure: Urls = { clients: ['https://127.0.0.1:2379'], peers: ['https://127.0.0.1:2380'] };
const withPlainPeers: Urls = { clients: secure.clients, peers: plain.peers };
const pair = ['--cert-file', 'c', '--key-file', 'k'];
const peerPair = ['--peer-cert-file', 'pc', '--peer-key-file', 'pk'];

function read(args: readonly string[], urls: Urls = plain): ServerTlsSettings {
  const parsed = parseOptions(tlsOptions, args, {});
  if (parsed.wantsHelp) throw new Error('nobody asked for help');
  return readTls(parsed.options, urls);
}

describe('the TLS flags of a server', () => {
  test('without any there is no TLS', () => {
    const none = { clients: null, peers: null, identifiesByCertificate: false, plainUrls: [] };
    expect(read([])).toEqual(none);
  });

  test('clients and members have flags of their own', () => {
    const { clients, peers } = read([...pair, ...peerPair, '--peer-trusted-ca-file', 'pa'], secure);
    expect(clients).toEqual({
      files: {
        certificate: { flag: '--cert-file', path: 'c' },
        key: { flag: '--key-file', path: 'k' },
        trusted: null,
      },
      requireClientCertificate: false,
      allowed: { commonNames: [], hostnames: [] },
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
    });
    expect(peers?.files.trusted).toEqual({ flag: '--peer-trusted-ca-file', path: 'pa' });
    expect(peers?.requireClientCertificate).toBe(true);
  });

  test('whoever names authorities asks for certificates, but only with auth do they say who a client is', () => {
    const authorities = read([...pair, '--trusted-ca-file', 'a'], withPlainPeers);
    expect(authorities.clients?.requireClientCertificate).toBe(true);
    expect(authorities.identifiesByCertificate).toBe(false);
    const auth = read([...pair, '--client-cert-auth'], withPlainPeers);
    expect(auth.clients?.requireClientCertificate).toBe(true);
    expect(auth.identifiesByCertificate).toBe(true);
  });

  test('names and versions are taken as etcd spells them', () => {
    const names = ['--peer-client-cert-auth', '--peer-cert-allowed-cn', 'a,b'];
    const { peers } = read([...pair, ...peerPair, ...names, '--tls-min-version', 'TLS1.3'], secure);
    expect(peers?.allowed).toEqual({ commonNames: ['a', 'b'], hostnames: [] });
    expect(peers?.minVersion).toBe('TLSv1.3');
  });

  test('addresses that do without the certificates that are there are named', () => {
    expect(read([...pair, ...peerPair]).plainUrls).toEqual([...plain.clients, ...plain.peers]);
    expect(read([...pair, ...peerPair], secure).plainUrls).toEqual([]);
  });

  const names = ['--client-cert-allowed-cn', 'a', '--client-cert-allowed-hostname', 'b'];
  test.each<[readonly string[], Urls, string]>([
    [[], secure, '--listen-client-urls https://127.0.0.1:2379 needs --cert-file and --key-file'],
    [pair, secure, '--listen-peer-urls https://127.0.0.1:2380 needs --peer-cert-file and --peer-key-file'],
    [['--cert-file', 'c'], plain, '--cert-file and --key-file go together: give both or neither'],
    [
      ['--peer-key-file', 'c'],
      plain,
      '--peer-cert-file and --peer-key-file go together: give both or neither',
    ],
    [['--client-cert-auth'], plain, '--client-cert-auth needs --cert-file and --key-file'],
    [
      ['--peer-trusted-ca-file', 'a'],
      plain,
      '--peer-trusted-ca-file needs --peer-cert-file and --peer-key-file',
    ],
    [
      ['--peer-cert-allowed-cn', 'a'],
      plain,
      '--peer-cert-allowed-cn needs --peer-cert-file and --peer-key-file',
    ],
    [
      [...pair, '--client-cert-allowed-hostname', 'a'],
      plain,
      '--client-cert-allowed-hostname checks certificates that nobody is asked for: add --client-cert-auth',
    ],
    [
      [...pair, '--client-cert-auth', ...names],
      plain,
      '--client-cert-allowed-cn and --client-cert-allowed-hostname exclude each other',
    ],
    [
      [...pair, '--tls-min-version', 'TLS1.3', '--tls-max-version', 'TLS1.2'],
      plain,
      '--tls-min-version is newer than --tls-max-version',
    ],
  ])('%j with %j is refused', (args, urls, sentence) => {
    expect(() => read(args, urls)).toThrow(new UsageError(sentence));
  });
});
