export type { AcceptorOptions, TlsAcceptor } from './acceptor.js';
export type { NamedFile, TlsFiles } from './files.js';
export { anyName, whyNotAllowed } from './names.js';
export type { NameRule } from './names.js';
export { openTls } from './tls.js';
export type { Tls, TlsSettings } from './tls.js';
