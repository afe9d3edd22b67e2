import { paths, putBody, rangeBody } from './grpc.js';

export interface Workload {
  readonly name: string;
  readonly path: string;
  readonly message: Uint8Array;
  readonly connections: number;
  readonly streams: number;
  /** Puts raise the revision by one each, so that what h2load counts can be checked. */
  readonly writes: boolean;
}

const shapes = [
  { connections: 1, streams: 1 },
  { connections: 8, streams: 1 },
  { connections: 64, streams: 1 },
  { connections: 100, streams: 10 },
] as const;

export const benchKey = 'bench-key';
const value = Buffer.alloc(256, 'v');

const kinds = [
  { kind: 'put 256 B', path: paths.put, message: putBody(benchKey, value), writes: true },
  {
    kind: 'linearizable get',
    path: paths.range,
    message: rangeBody(benchKey, { serializable: false }),
    writes: false,
  },
  {
    kind: 'serializable get',
    path: paths.range,
    message: rangeBody(benchKey, { serializable: true }),
    writes: false,
  },
] as const;

/** Every kind of request at every number of connections. */
export const workloads: readonly Workload[] = kinds.flatMap(({ kind, path, message, writes }) =>
  shapes.map(({ connections, streams }) => ({
    name: `${kind}, ${connections}${streams === 1 ? '' : ` × ${streams}`}`,
    path,
    message,
    connections,
    streams,
    writes,
  })),
);
