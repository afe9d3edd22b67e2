import type { Logger } from '../base/index.js';
import { openTls } from '../tls/index.js';
import type { Tls, TlsSettings } from '../tls/index.js';
import { choiceOption, flagName, listOption, switchOption, textOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';

const versions = ['tls1.2', 'tls1.3'] as const;
const nodeVersions = { 'tls1.2': 'TLSv1.2', 'tls1.3': 'TLSv1.3' } as const;

function fileOption(description: string) {
  return textOption({ description, placeholder: 'FILE' });
}

function namesOption(description: string) {
  return listOption({ description, placeholder: 'NAME,…', fallback: [] });
}

/** How connections are secured, as flags of `quorate server`. Names and meaning are etcd's where it has them. */
export const tlsOptions = {
  certFile: fileOption('certificate for https:// client URLs (PEM)'),
  keyFile: fileOption('its private key'),
  trustedCaFile: fileOption('clients must show a certificate of these authorities'),
  clientCertAuth: switchOption({
    description: 'clients must show a certificate, whose common name is their\nuser name',
  }),
  clientCertAllowedCn: namesOption('only clients whose certificate has one of these common names'),
  clientCertAllowedHostname: namesOption('only clients whose certificate is for one of these hosts'),
  peerCertFile: fileOption('certificate for https:// peer URLs, shown to members (PEM)'),
  peerKeyFile: fileOption('its private key'),
  peerTrustedCaFile: fileOption('members must show a certificate of these authorities'),
  peerClientCertAuth: switchOption({ description: 'members that connect must show a certificate' }),
  peerCertAllowedCn: namesOption('only members whose certificate has one of these common names'),
  peerCertAllowedHostname: namesOption('only members whose certificate is for one of these hosts'),
  tlsMinVersion: choiceOption(versions, {
    description: 'oldest version of TLS that is spoken',
    fallback: 'tls1.2',
  }),
  tlsMaxVersion: choiceOption(versions, {
    description: 'newest version of TLS that is spoken',
    fallback: 'tls1.3',
  }),
};

type Given = OptionValues<typeof tlsOptions>;

export interface ServerTlsSettings {
  /** Null: https:// cannot be served. */
  readonly clients: TlsSettings | null;
  readonly peers: TlsSettings | null;
  /** The common name of a client's certificate says who the client is. */
  readonly identifiesByCertificate: boolean;
  /** Addresses that are served without the certificates that are there for them. */
  readonly plainUrls: readonly string[];
}

/** Checks what single flags cannot check alone; the files are read later. */
export function readTls(
  given: Given,
  urls: { readonly clients: readonly string[]; readonly peers: readonly string[] },
): ServerTlsSettings {
  const clients = readSide(given, {
    urls: { flag: '--listen-client-urls', texts: urls.clients },
    certificate: 'certFile',
    key: 'keyFile',
    trusted: 'trustedCaFile',
    auth: 'clientCertAuth',
    commonNames: 'clientCertAllowedCn',
    hostnames: 'clientCertAllowedHostname',
  });
  const peers = readSide(given, {
    urls: { flag: '--listen-peer-urls', texts: urls.peers },
    certificate: 'peerCertFile',
    key: 'peerKeyFile',
    trusted: 'peerTrustedCaFile',
    auth: 'peerClientCertAuth',
    commonNames: 'peerCertAllowedCn',
    hostnames: 'peerCertAllowedHostname',
  });
  const isPlain = (url: string): boolean => url.startsWith('http:');
  const plainUrls = [
    ...(clients === null ? [] : urls.clients.filter(isPlain)),
    ...(peers === null ? [] : urls.peers.filter(isPlain)),
  ];
  return { clients, peers, identifiesByCertificate: given.clientCertAuth, plainUrls };
}

export interface ServerTls {
  readonly clients: Tls | null;
  readonly peers: Tls | null;
  close(): void;
}

/** Reads the files. Errors: `invalid-configuration` naming the one at fault and its flag. */
export async function openServerTls(settings: ServerTlsSettings, logger: Logger): Promise<ServerTls> {
  const clients = settings.clients === null ? null : await openTls(settings.clients, logger);
  const peers = settings.peers === null ? null : await openTls(settings.peers, logger);
  for (const url of settings.plainUrls) {
    // More likely forgotten than meant.
    logger.warn('there are certificates, but this address is served without them', { url });
  }
  return {
    clients,
    peers,
    close() {
      clients?.close();
      peers?.close();
    },
  };
}

/** The flags of one kind of connections, by their names in the table. */
interface Side {
  readonly urls: { readonly flag: string; readonly texts: readonly string[] };
  readonly certificate: 'certFile' | 'peerCertFile';
  readonly key: 'keyFile' | 'peerKeyFile';
  readonly trusted: 'trustedCaFile' | 'peerTrustedCaFile';
  readonly auth: 'clientCertAuth' | 'peerClientCertAuth';
  readonly commonNames: 'clientCertAllowedCn' | 'peerCertAllowedCn';
  readonly hostnames: 'clientCertAllowedHostname' | 'peerCertAllowedHostname';
}

function readSide(given: Given, side: Side): TlsSettings | null {
  const [certificate, key, trusted] = [given[side.certificate], given[side.key], given[side.trusted]];
  const [commonNames, hostnames] = [given[side.commonNames], given[side.hostnames]];
  if ((certificate === undefined) !== (key === undefined)) {
    throw new UsageError(`${flag(side.certificate)} and ${flag(side.key)} go together: give both or neither`);
  }
  if (certificate === undefined || key === undefined) {
    refuseWithoutCertificate(given, side);
    return null;
  }
  // As etcd has it: whoever names authorities wants them to be asked for.
  const requireClientCertificate = given[side.auth] || trusted !== undefined;
  if (commonNames.length > 0 && hostnames.length > 0) {
    throw new UsageError(`${flag(side.commonNames)} and ${flag(side.hostnames)} exclude each other`);
  }
  if (commonNames.length + hostnames.length > 0 && !requireClientCertificate) {
    const given = commonNames.length > 0 ? side.commonNames : side.hostnames;
    throw new UsageError(
      `${flag(given)} checks certificates that nobody is asked for: add ${flag(side.auth)}`,
    );
  }
  if (given.tlsMinVersion > given.tlsMaxVersion) {
    throw new UsageError('--tls-min-version is newer than --tls-max-version');
  }
  return {
    files: {
      certificate: { flag: flag(side.certificate), path: certificate },
      key: { flag: flag(side.key), path: key },
      trusted: trusted === undefined ? null : { flag: flag(side.trusted), path: trusted },
    },
    requireClientCertificate,
    allowed: { commonNames, hostnames },
    minVersion: nodeVersions[given.tlsMinVersion],
    maxVersion: nodeVersions[given.tlsMaxVersion],
  };
}

/** Whoever asks for security must not be served without it. */
function refuseWithoutCertificate(given: Given, side: Side): void {
  const secure = side.urls.texts.find((url) => url.startsWith('https:'));
  const lists = [side.commonNames, side.hostnames] as const;
  const other =
    given[side.trusted] !== undefined
      ? side.trusted
      : given[side.auth]
        ? side.auth
        : lists.find((name) => given[name].length > 0);
  if (secure === undefined && other === undefined) return;
  const what = secure === undefined ? flag(other ?? side.auth) : `${side.urls.flag} ${secure}`;
  throw new UsageError(`${what} needs ${flag(side.certificate)} and ${flag(side.key)}`);
}

function flag(name: keyof Given): string {
  return `--${flagName(name)}`;
}
