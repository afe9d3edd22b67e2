import { joined, statusOf } from '../../src/api/index.js';
import type { CallContext, CallStream, Method } from '../../src/api/index.js';
import { QuorateError } from '../../src/base/index.js';
import { CallError, grpcCodes } from '../store/index.js';
import type { ByteStream, Transport } from '../store/index.js';
import type { Agenda } from './agenda.js';
import type { Host } from './host.js';
import type { Links } from './links.js';
import { createPipe } from './pipe.js';
import type { Trace } from './trace.js';

export interface ClientWiring {
  /** The client's machine. */
  readonly name: string;
  readonly agenda: Agenda;
  readonly links: Links;
  readonly trace: Trace;
  readonly members: () => readonly string[];
  readonly hostOf: (memberName: string) => Host | null;
}

/** Unread answers of one stream, in bytes, beyond which the server is told to wait. */
const sendBufferSizeBytes = 64 * 1024;
/** A stream over a cut link is taken for broken after this. */
const keepaliveUs = 5_000_000;
/** What a link holds back is sent again so often. */
const resendUs = 50_000;

/** A client's connections to the members' services: messages travel as bytes over links; gRPC itself is left out. */
export function createClientTransport(wiring: ClientWiring): Transport {
  const { name, agenda, links, trace, members, hostOf } = wiring;

  function travel(from: string, to: string, arrive: () => void): void {
    const [atUs] = links.between(from, to).arrivals(agenda.nowUs);
    if (atUs === undefined) return;
    agenda.at(atUs, () => {
      if (links.between(from, to).cuts === 0) arrive();
    });
  }

  function find(member: string): Host {
    const host = hostOf(member);
    if (host === null) throw new CallError(grpcCodes.unavailable, 'connection refused');
    return host;
  }

  const contextOf = (token: string | null): CallContext => ({
    requiresLeader: false,
    credentials: { token, commonName: null },
  });

  return {
    get members() {
      return members();
    },
    call: (member, path, message, { timeoutMs, token }) =>
      new Promise((resolve, reject) => {
        const host = find(member);
        /** Most methods never look at it. */
        let controller: AbortController | null = null;
        let isOver = false;
        const settle = (outcome: () => void): void => {
          if (isOver) return;
          isOver = true;
          deadline.cancel();
          controller?.abort(new QuorateError('canceled'));
          trace.note(6, agenda.nowUs);
          outcome();
        };
        const fail = (code: number, text: string): void => settle(() => reject(new CallError(code, text)));
        const deadline = agenda.at(agenda.nowUs + timeoutMs * 1000, () =>
          fail(grpcCodes.deadlineExceeded, 'context deadline exceeded'),
        );
        travel(name, member, () => {
          const method = host.methods.get(path);
          if (method === undefined) {
            travel(member, name, () => fail(grpcCodes.unavailable, 'connection refused'));
            return;
          }
          const forget = host.onEnd(() =>
            travel(member, name, () => fail(grpcCodes.unavailable, 'connection reset')),
          );
          host.within(() => {
            if (isOver) return;
            if (method.type === 'stream' || method.usesSignal === true) controller = new AbortController();
            const signal = controller?.signal ?? never;
            answerOf(method, Buffer.from(message), contextOf(token), signal).then(
              (answer) => {
                forget();
                controller = null;
                trace.note(7, agenda.nowUs, answer.length);
                travel(member, name, () => settle(() => resolve(answer)));
              },
              (error: unknown) => {
                forget();
                const { code, message: text } = statusOf(error);
                travel(member, name, () => fail(code, text));
              },
            );
          });
        });
      }),

    open(member, path, { token }) {
      const answers = createPipe<Uint8Array>();
      const requests = createPipe<Buffer>();
      const controller = new AbortController();
      let drainers: (() => void)[] = [];
      let unreadSizeBytes = 0;
      const up = createLane(name, member);
      const down = createLane(member, name);
      let forget = (): void => undefined;

      function breakOff(code: number, text: string): void {
        forget();
        answers.fail(new CallError(code, text));
        const reason = new QuorateError('canceled');
        controller.abort(reason);
        requests.fail(reason);
        wake();
      }

      function wake(): void {
        const waiting = drainers;
        drainers = [];
        for (const drained of waiting) drained();
      }

      /** One direction: what is handed over never overtakes what was before, and waits while the link is cut. */
      function createLane(from: string, to: string): (arrive: () => void) => void {
        const waiting: { readonly arrive: () => void; readonly sinceUs: number }[] = [];
        let lastUs = 0;
        function pump(): void {
          for (let first = waiting[0]; first !== undefined && !answers.isOver; first = waiting[0]) {
            const [drawnUs] = links.between(from, to).arrivals(agenda.nowUs);
            if (drawnUs === undefined) {
              if (agenda.nowUs - first.sinceUs > keepaliveUs)
                breakOff(grpcCodes.unavailable, 'connection lost');
              else agenda.at(agenda.nowUs + resendUs, pump);
              return;
            }
            waiting.shift();
            const { arrive } = first;
            lastUs = Math.max(lastUs, drawnUs);
            agenda.at(lastUs, () => {
              if (!answers.isOver) arrive();
            });
          }
        }
        return (arrive) => {
          waiting.push({ arrive, sinceUs: agenda.nowUs });
          if (waiting.length === 1) pump();
        };
      }

      const stream: CallStream = {
        context: contextOf(token),
        requests: requests.values,
        send(answer) {
          if (controller.signal.aborted) return true;
          unreadSizeBytes += answer.length;
          trace.note(8, agenda.nowUs, answer.length);
          down(() => answers.push(answer));
          return unreadSizeBytes < sendBufferSizeBytes;
        },
        drained: () =>
          new Promise((resolve) => {
            if (controller.signal.aborted || unreadSizeBytes < sendBufferSizeBytes) resolve();
            else drainers.push(resolve);
          }),
        signal: controller.signal,
      };

      up(() => {
        const host = hostOf(member);
        const method = host?.methods.get(path);
        if (host === null || method?.type !== 'stream') {
          breakOff(grpcCodes.unavailable, 'connection refused');
          return;
        }
        forget = host.onEnd(() => {
          down(() => breakOff(grpcCodes.unavailable, 'connection reset'));
        });
        host.within(() => {
          method.handle(stream).then(
            () => down(() => answers.end()),
            (error: unknown) => {
              const { code, message: text } = statusOf(error);
              down(() => breakOff(code, text));
            },
          );
        });
      });

      const opened: ByteStream = {
        send(message) {
          up(() => {
            const host = hostOf(member);
            host?.within(() => requests.push(Buffer.from(message)));
          });
        },
        async next() {
          const answer = await answers.next();
          if (answer !== null) {
            const wasFull = unreadSizeBytes >= sendBufferSizeBytes;
            unreadSizeBytes -= answer.length;
            if (wasFull && unreadSizeBytes < sendBufferSizeBytes) hostOf(member)?.within(wake);
          }
          return answer;
        },
        cancel() {
          if (answers.isOver) return;
          breakOff(grpcCodes.canceled, 'canceled');
        },
      };
      return opened;
    },
  };
}

const never = new AbortController().signal;

/** Of a method that streams: its first answer to its one request. */
async function answerOf(
  method: Method,
  request: Buffer,
  context: CallContext,
  signal: AbortSignal,
): Promise<Buffer> {
  if (method.type === 'unary') return joined(await method.handle(request, context, signal));
  const answers: Buffer[] = [];
  const requests = createPipe<Buffer>();
  requests.push(request);
  requests.end();
  await method.handle({
    context,
    requests: requests.values,
    send(answer) {
      answers.push(answer);
      return true;
    },
    drained: async () => Promise.resolve(),
    signal,
  });
  const [first] = answers;
  if (first === undefined) throw new QuorateError('internal', 'a stream without an answer');
  return first;
}
