/**
 * An empty handler in grpc-js: it answers puts and gets with the same bytes each time and does nothing else. What it reaches
 * is what a server on that package could reach at most. Tells its port to the process that started it, and ends with it.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { paths } from '../grpc.js';

const header = { clusterId: 1, memberId: 1, revision: 1000, raftTerm: 2 };
const kv = { key: Buffer.from('bench-key'), value: Buffer.alloc(256), version: 1, modRevision: 1000 };
const answers = {
  [paths.put]: Buffer.from(etcdserverpb.PutResponse.encode({ header }).finish()),
  [paths.range]: Buffer.from(etcdserverpb.RangeResponse.encode({ header, kvs: [kv], count: 1 }).finish()),
} as const;

const identity = (bytes: Buffer): Buffer => bytes;
const codec = {
  requestStream: false,
  responseStream: false,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
} as const;
const definition: ServiceDefinition = Object.fromEntries(
  Object.keys(answers).map((path) => [path, { path, ...codec }]),
);
const handlers: UntypedServiceImplementation = Object.fromEntries(
  Object.entries(answers).map(([path, answer]) => [
    path,
    (_call: unknown, callback: (error: null, value: Buffer) => void) => callback(null, answer),
  ]),
);

const server = new Server();
server.addService(definition, handlers);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  if (process.connected) process.send?.(port);
});
process.on('disconnect', () => process.exit(0));
