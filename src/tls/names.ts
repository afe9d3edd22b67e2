import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** Whose certificates are taken, beyond being signed by a trusted CA. Without any name: everybody's. */
export interface NameRule {
  /** The subject's common name is one of them. */
  readonly commonNames: readonly string[];
  /** The certificate is valid for one of them: host names, wildcards counted, or IP addresses, among its alternative names. */
  readonly hostnames: readonly string[];
}

export const anyName: NameRule = { commonNames: [], hostnames: [] };

/** Null when the certificate meets the rule; otherwise why it does not. */
export function whyNotAllowed(certificate: X509Certificate, rule: NameRule): string | null {
  const { commonNames, hostnames } = rule;
  if (commonNames.length === 0 && hostnames.length === 0) return null;
  const commonName = commonNameOf(certificate);
  if (commonName !== null && commonNames.includes(commonName)) return null;
  if (hostnames.some((name) => isValidFor(certificate, name))) return null;
  const own = [commonName === null ? 'no common name' : `common name ${commonName}`];
  if (certificate.subjectAltName !== undefined) own.push(`alternative names ${certificate.subjectAltName}`);
  return `its certificate (${own.join(', ')}) is not for ${[...commonNames, ...hostnames].join(' or ')}`;
}

/** The subject's common name; the last one if there are several, as Go has it. */
export function commonNameOf(certificate: X509Certificate): string | null {
  const { CN: name } = certificate.toLegacyObject().subject as { readonly CN?: string | readonly string[] };
  const last = typeof name === 'string' ? name : name?.at(-1);
  return last === undefined || last === '' ? null : last;
}

function isValidFor(certificate: X509Certificate, name: string): boolean {
  const found =
    isIP(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name);
  return found !== undefined;
}
