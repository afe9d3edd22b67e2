import { messageOf } from '../base/index.js';
import type { Logger } from '../base/index.js';
import type { Member } from '../member/index.js';
import type { Tls } from '../tls/index.js';
import { isExpected } from './errors.js';
import { createGateway } from './gateway/index.js';
import { createGrpcServer } from './grpc-server.js';
import { createHttpServer } from './http-server.js';
import { createLeaderlessStreams } from './leaderless.js';
import { defaultApiLimits } from './limits.js';
import type { ApiLimits } from './limits.js';
import { createListener } from './listener.js';
import { createMetrics } from './metrics/index.js';
import { connectionsWithin, openFilesMax } from './open-files.js';
import { createServices } from './services.js';
import { createUnreadAnswers } from './unread-answers.js';

/** What clients of one member see: gRPC and HTTP/1.1, both on every client address. */
export interface ApiServer {
  /** Resolves once clients can connect. Errors: `invalid-configuration` when an address cannot be listened on. */
  start(): Promise<void>;
  /** The addresses that clients can connect to, as URLs; port 0 has become the real one. Known once started. */
  readonly addresses: readonly string[];
  /**
   * Refuses new calls with `etcdserver: server stopped`, lets running ones end for `closeGraceMs`, then cuts what is
   * left. Close it before the member, so that its calls can still be answered.
   */
  close(): Promise<void>;
}

export interface ApiServerOptions {
  readonly member: Member;
  /** `http://HOST:PORT` or `https://HOST:PORT`, one or more; port 0 lets the system choose. */
  readonly listenUrls: readonly string[];
  readonly logger: Logger;
  readonly limits?: Partial<ApiLimits>;
  /** For `https://` addresses. */
  readonly tls?: Tls | null;
  /** The common name of a client's certificate says who the client is. */
  readonly identifiesByCertificate?: boolean;
  /** Web pages of these origins may send requests over HTTP; `*`: all. None by default. */
  readonly allowedOrigins?: readonly string[];
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { member, listenUrls, logger, allowedOrigins = [] } = options;
  const limits = { ...defaultApiLimits, ...options.limits };
  const metrics = createMetrics(member);
  const methods = createServices(member, limits);
  const counted = methods.map((method) => metrics.counted(method));
  const onFailure = (path: string, thrown: unknown): void => {
    if (isExpected(thrown)) return;
    logger.error('a call failed unexpectedly', { path, reason: messageOf(thrown) });
  };
  const answers = createUnreadAnswers({
    sizeBytesMax: limits.unreadAnswersSizeBytesMax,
    graceMs: limits.unreadAnswerGraceMs,
  });
  const gateway = createGateway({
    methods: counted,
    answers,
    sendBufferSizeBytes: limits.sendBufferSizeBytes,
    requestSizeMax: limits.jsonRequestSizeMax,
    partialSizeMax: limits.partialMessagesSizeBytesMax,
    onFailure,
  });
  const httpServer = createHttpServer({ member, metrics, gateway, answers, limits, allowedOrigins });
  const grpcServer = createGrpcServer({
    methods: counted,
    answers,
    limits,
    leaderless: createLeaderlessStreams(member, limits.electionTimeoutMs),
    onHttp: (stream, headers, onClosed) => httpServer.take(stream, headers, onClosed),
    onFailure,
  });
  const listener = createListener({
    urls: listenUrls,
    connectionsMax: Math.min(limits.connectionsMax, connectionsWithin(openFilesMax())),
    logger,
    firstBytesTimeoutMs: limits.firstBytesTimeoutMs,
    tls: options.tls ?? null,
    handshakesMax: limits.handshakesMax,
    onHttp1: (socket) => httpServer.accept(socket),
    onHttp2: (socket, commonName) => {
      grpcServer.accept(socket, options.identifiesByCertificate === true ? commonName : null);
    },
  });

  async function close(): Promise<void> {
    listener.stop();
    grpcServer.drain();
    httpServer.drain();
    const cut = setTimeout(() => {
      logger.warn('cutting the client connections that are left');
      listener.destroyConnections();
    }, limits.closeGraceMs);
    await listener.drained();
    clearTimeout(cut);
  }

  return {
    addresses: listener.addresses,
    async start() {
      try {
        await listener.start();
      } catch (error) {
        listener.stop();
        throw error;
      }
    },
    close,
  };
}
