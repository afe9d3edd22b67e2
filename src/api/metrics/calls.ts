import { status } from '@grpc/grpc-js';
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { createHistogram } from '../../base/index.js';
import type { Histogram } from '../../base/index.js';
import { statusOf } from '../errors.js';
import { sizeBytesOf } from '../answer.js';
import type { CallContext, CallStream, Method, StreamMethod, UnaryMethod } from '../method.js';
import { renderHistogram } from './histograms.js';

/** Counts of one method. */
interface MethodCounts {
  readonly grpc_service: string;
  readonly grpc_method: string;
  readonly grpc_type: 'unary' | 'server_stream' | 'bidi_stream';
  started: number;
  /** By gRPC status code. */
  readonly handled: number[];
  readonly seconds: Histogram;
}

/** What calls cost and how they ended. A call costs two readings of the clock and some additions. */
export interface CallMetrics {
  /** The method, with its calls counted. */
  counted(method: Method): Method;
  /** Of the durations, which the registry does not hold. */
  renderHistograms(): string;
}

/** As the client libraries of Prometheus have them. */
const boundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createCallMetrics(registry: Registry): CallMetrics {
  const counts: MethodCounts[] = [];
  const traffic = { receivedBytes: 0, sentBytes: 0 };
  registerCalls(registry, counts);
  registerTraffic(registry, traffic);
  return {
    counted(method) {
      const own = countsOf(method);
      counts.push(own);
      return countCalls(method, own, traffic);
    },
    renderHistograms: () =>
      renderHistogram(
        'grpc_server_handling_seconds',
        'How long calls took, of unary ones that were answered.',
        counts
          .filter(({ seconds }) => seconds.count > 0)
          .map((each) => ({ labels: labelsOf(each), histogram: each.seconds })),
      ),
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
    seconds: createHistogram(boundsSeconds),
  };
}

function kindOf(method: Method): MethodCounts['grpc_type'] {
  if (method.type === 'unary') return 'unary';
  return method.direction === 'server' ? 'server_stream' : 'bidi_stream';
}

interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

function countCalls(method: Method, counts: MethodCounts, traffic: Traffic): Method {
  return method.type === 'unary' ? countUnary(method, counts, traffic) : countStream(method, counts, traffic);
}

/** On every call's way: one function, so that it costs one promise. */
function countUnary(method: UnaryMethod, counts: MethodCounts, traffic: Traffic): UnaryMethod {
  return {
    ...method,
    async handle(request, context, signal, isWanted) {
      const beganMs = performance.now();
      counts.started += 1;
      try {
        const answer = await method.handle(request, context, signal, isWanted);
        raise(counts.handled, status.OK);
        counts.seconds.observe((performance.now() - beganMs) / 1000);
        traffic.receivedBytes += request.length;
        traffic.sentBytes += sizeBytesOf(answer);
        return answer;
      } catch (error) {
        raise(counts.handled, statusOf(error).code);
        throw error;
      }
    },
  };
}

function countStream(method: StreamMethod, counts: MethodCounts, traffic: Traffic): StreamMethod {
  return {
    ...method,
    async handle(call) {
      counts.started += 1;
      try {
        await method.handle(new CountedStream(call, traffic));
        raise(counts.handled, status.OK);
      } catch (error) {
        raise(counts.handled, statusOf(error).code);
        throw error;
      }
    },
  };
}

/** The call as it is, its messages counted. */
class CountedStream implements CallStream {
  readonly #call: CallStream;
  readonly #traffic: Traffic;
  readonly requests: AsyncIterable<Buffer>;

  constructor(call: CallStream, traffic: Traffic) {
    this.#call = call;
    this.#traffic = traffic;
    this.requests = countRequests(call.requests, traffic);
  }

  get context(): CallContext {
    return this.#call.context;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  send(answer: Buffer): boolean {
    this.#traffic.sentBytes += answer.length;
    return this.#call.send(answer);
  }

  drained(): Promise<void> {
    return this.#call.drained();
  }
}

async function* countRequests(requests: AsyncIterable<Buffer>, traffic: Traffic): AsyncGenerator<Buffer> {
  for await (const request of requests) {
    traffic.receivedBytes += request.length;
    yield request;
  }
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

function labelsOf({ grpc_type, grpc_service, grpc_method }: MethodCounts): Record<string, string> {
  return { grpc_type, grpc_service, grpc_method };
}

function registerTraffic(registry: Registry, traffic: Traffic): void {
  const counters = {
    etcd_network_client_grpc_received_bytes_total: () => traffic.receivedBytes,
    etcd_network_client_grpc_sent_bytes_total: () => traffic.sentBytes,
  };
  for (const [name, read] of Object.entries(counters)) {
    new Counter({
      name,
      help: 'Bytes of gRPC messages from or to clients.',
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}
