import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureVersion } from 'node:tls';
import { messageOf } from '../base/index.js';
import type { Logger } from '../base/index.js';
import { createAcceptor } from './acceptor.js';
import type { AcceptorOptions, TlsAcceptor } from './acceptor.js';
import { fingerprint, readMaterial } from './files.js';
import type { TlsFiles, TlsMaterial } from './files.js';
import type { NameRule } from './names.js';

export interface TlsSettings {
  readonly files: TlsFiles;
  /** Connections in must show a certificate that the trusted CAs have signed. */
  readonly requireClientCertificate: boolean;
  /** Whose certificates are taken, of servers and of clients. */
  readonly allowed: NameRule;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
}

/** TLS of one kind of connections, to clients or between members. Follows its files: new connections use what is in them now. */
export interface Tls {
  readonly settings: TlsSettings;
  /** For connections out. */
  readonly context: SecureContext;
  /** For connections in. */
  createAcceptor(options: Omit<AcceptorOptions, 'settings' | 'material' | 'logger'>): TlsAcceptor;
  /** Looks whether the files have changed, as happens every second anyway. */
  refresh(): Promise<void>;
  close(): void;
}

const lookIntervalMs = 1000;
const soonMs = 14 * 24 * 3_600_000;

/** Errors: `invalid-configuration` naming the flag and the file at fault. */
export async function openTls(settings: TlsSettings, logger: Logger): Promise<Tls> {
  const { files, minVersion, maxVersion } = settings;
  let seen = await fingerprint(files);
  let material = await readMaterial(files);
  let context: SecureContext | null = null;
  let refreshing: Promise<void> | null = null;
  const acceptors = new Set<TlsAcceptor>();
  warnOfExpiry();

  function warnOfExpiry(): void {
    const leftMs = material.expiresAtMs - Date.now();
    if (leftMs > soonMs) return;
    const what = leftMs > 0 ? 'a certificate expires soon' : 'a certificate has expired';
    logger.warn(what, {
      file: files.certificate.path,
      expires: new Date(material.expiresAtMs).toISOString(),
    });
  }

  /** Files that are replaced one by one do not fit together for a moment: then the former ones stay in use. */
  async function reload(): Promise<void> {
    const now = await fingerprint(files);
    if (now === seen) return;
    seen = now;
    try {
      use(await readMaterial(files));
    } catch (error) {
      logger.error('the new certificates cannot be used: the former ones stay in use', {
        reason: messageOf(error),
      });
    }
  }

  function use(next: TlsMaterial): void {
    material = next;
    context = null;
    for (const acceptor of acceptors) acceptor.use(next);
    logger.info('new certificates are in use', { file: files.certificate.path });
    warnOfExpiry();
  }

  function refresh(): Promise<void> {
    refreshing ??= reload().finally(() => (refreshing = null));
    return refreshing;
  }

  const timer = setInterval(() => {
    refresh().catch((error: unknown) => logger.error('certificates', { reason: messageOf(error) }));
  }, lookIntervalMs);
  timer.unref();

  return {
    settings,
    get context() {
      const { cert, key, ca } = material;
      context ??= createSecureContext({ cert, key, ca, minVersion, maxVersion });
      return context;
    },
    createAcceptor(options) {
      const acceptor = createAcceptor({ ...options, settings, material, logger });
      acceptors.add(acceptor);
      return acceptor;
    },
    refresh,
    close: () => clearInterval(timer),
  };
}
