import { status } from '@grpc/grpc-js';
import { once } from 'node:events';
import { grpc } from '../gen/protos.js';
import { decodeRequest } from './decode.js';
import { encodeHealthResponse } from './encode.js';
import { GrpcError } from './errors.js';
import { firstRequest } from './method.js';
import type { Method } from './method.js';

const statusOfUnknownService = Buffer.of(0x08, 3);

/**
 * grpc.health.v1.Health about the service "", as etcd has it: up for as long as this member serves clients. Whether
 * the cluster behind it can decide is what `/health` over HTTP tells.
 */
export function healthMethods(): readonly Method[] {
  return [
    {
      type: 'unary',
      path: '/grpc.health.v1.Health/Check',
      async handle(bytes) {
        const { service } = decodeRequest(grpc.health.v1.HealthCheckRequest, bytes);
        if (service !== '') throw new GrpcError(status.NOT_FOUND, 'unknown service');
        return Promise.resolve(encodeHealthResponse(true));
      },
    },
    {
      type: 'stream',
      path: '/grpc.health.v1.Health/Watch',
      direction: 'server',
      async handle(call) {
        const { service } = decodeRequest(grpc.health.v1.HealthCheckRequest, await firstRequest(call));
        call.send(service === '' ? encodeHealthResponse(true) : statusOfUnknownService);
        if (!call.signal.aborted) await once(call.signal, 'abort');
        if (service === '') call.send(encodeHealthResponse(false));
      },
    },
  ];
}
