export type { ChurnSetup, Endpoints, MachineDeed } from './messages.js';
export { monotonicUs } from './clock.js';
export { mergeHistories } from './merge.js';
export { startClient } from './process.js';
export type { ClientHistory, ClientProcess } from './process.js';
export { createGrpcTransport } from './transport.js';
export type { GrpcTransport } from './transport.js';
