export { allPairs, createLinks } from './links.js';
export type { Links, Pair } from './links.js';
export { createNamespaceNetwork } from './namespaces.js';
export { createProxiedNetwork } from './proxied.js';
export { createProxies } from './proxies.js';
export type { Proxies } from './proxies.js';
export type { Network, Place } from './types.js';
