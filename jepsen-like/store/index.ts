export { cluster } from './cluster.js';
export type { AddedMember, ListedMember } from './cluster.js';
export { createRecorder } from './recorder.js';
export type { Recorder } from './recorder.js';
export { createSession } from './session.js';
export type { HeldLock, Leadership, Observation, Session, SessionOptions } from './session.js';
export { CallError, grpcCodes } from './transport.js';
export type { ByteStream, CallOptions, Transport } from './transport.js';
export type { WatchHandle, WatchSpec } from './watch.js';
