import { status } from '@grpc/grpc-js';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Member } from '../member/index.js';
import { statusOf } from './errors.js';
import type { CallContext, CallStream, Method } from './method.js';

/**
 * What `/metrics` tells, under etcd's names where etcd has them. A call costs two increments; everything else happens
 * when somebody asks.
 */
export interface Metrics {
  /** The method, with its calls counted. */
  counted(method: Method): Method;
  /** Prometheus' text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

interface MethodCounts {
  readonly grpc_service: string;
  readonly grpc_method: string;
  readonly grpc_type: 'unary' | 'server_stream' | 'bidi_stream';
  started: number;
  /** By gRPC status code. */
  readonly handled: number[];
}

export function createMetrics(member: Member): Metrics {
  const registry = new Registry();
  const counts: MethodCounts[] = [];
  collectDefaultMetrics({ register: registry });
  registerCalls(registry, counts);
  registerMember(registry, member);
  return {
    counted(method) {
      const own = countsOf(method);
      counts.push(own);
      return countCalls(method, own);
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function countsOf(method: Method): MethodCounts {
  const [, service = '', name = ''] = method.path.split('/');
  return {
    grpc_service: service,
    grpc_method: name,
    grpc_type: kindOf(method),
    started: 0,
    handled: Array.from({ length: Object.keys(codeNames).length }, () => 0),
  };
}

function kindOf(method: Method): MethodCounts['grpc_type'] {
  if (method.type === 'unary') return 'unary';
  return method.direction === 'server' ? 'server_stream' : 'bidi_stream';
}

function countCalls(method: Method, counts: MethodCounts): Method {
  async function count<T>(work: () => Promise<T>): Promise<T> {
    counts.started += 1;
    try {
      const answer = await work();
      raise(counts.handled, status.OK);
      return answer;
    } catch (error) {
      raise(counts.handled, statusOf(error).code);
      throw error;
    }
  }
  if (method.type === 'unary') {
    return {
      ...method,
      handle: (request: Buffer, context: CallContext, signal: AbortSignal) =>
        count(() => method.handle(request, context, signal)),
    };
  }
  return { ...method, handle: (call: CallStream) => count(() => method.handle(call)) };
}

function raise(handled: number[], code: number): void {
  handled[code] = (handled[code] ?? 0) + 1;
}

/** As Go's gRPC spells the codes, whose metrics dashboards know. */
const codeNames: Readonly<Record<number, string>> = {
  [status.OK]: 'OK',
  [status.CANCELLED]: 'Canceled',
  [status.UNKNOWN]: 'Unknown',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.PERMISSION_DENIED]: 'PermissionDenied',
  [status.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
  [status.FAILED_PRECONDITION]: 'FailedPrecondition',
  [status.ABORTED]: 'Aborted',
  [status.OUT_OF_RANGE]: 'OutOfRange',
  [status.UNIMPLEMENTED]: 'Unimplemented',
  [status.INTERNAL]: 'Internal',
  [status.UNAVAILABLE]: 'Unavailable',
  [status.DATA_LOSS]: 'DataLoss',
  [status.UNAUTHENTICATED]: 'Unauthenticated',
};

const okCode: number = status.OK;
const methodLabels = ['grpc_type', 'grpc_service', 'grpc_method'] as const;

function registerCalls(registry: Registry, counts: readonly MethodCounts[]): void {
  const labelsOf = ({ grpc_type, grpc_service, grpc_method }: MethodCounts): Record<string, string> => ({
    grpc_type,
    grpc_service,
    grpc_method,
  });
  new Counter({
    name: 'grpc_server_started_total',
    help: 'Calls begun.',
    labelNames: methodLabels,
    registers: [registry],
    collect() {
      this.reset();
      for (const each of counts) this.inc(labelsOf(each), each.started);
    },
  });
  new Counter({
    name: 'grpc_server_handled_total',
    help: 'Calls answered, by the status that they were answered with.',
    labelNames: [...methodLabels, 'grpc_code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const each of counts) {
        for (const [code, count] of each.handled.entries()) {
          const isTold = count > 0 || code === okCode;
          if (isTold) this.inc({ ...labelsOf(each), grpc_code: codeNames[code] ?? String(code) }, count);
        }
      }
    },
  });
}

function registerMember(registry: Registry, member: Member): void {
  const gauges: Readonly<Record<string, readonly [help: string, read: () => number]>> = {
    etcd_server_has_leader: ['1 if this member knows a leader.', () => (member.leader === null ? 0 : 1)],
    etcd_server_is_leader: ['1 if this member leads.', () => (member.leader === member.id ? 1 : 0)],
    etcd_server_is_learner: ['1 if this member is a learner.', () => (member.isLearner ? 1 : 0)],
    etcd_server_proposals_committed_total: [
      'Index of the last committed entry.',
      () => member.status().commitIndex,
    ],
    etcd_server_proposals_applied_total: [
      'Index of the last applied entry.',
      () => member.status().appliedIndex,
    ],
  };
  for (const [name, [help, read]] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
}
