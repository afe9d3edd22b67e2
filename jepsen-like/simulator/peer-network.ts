import { QuorateError } from '../../src/base/index.js';
import type { PeerHandlers, PeerNetwork } from '../../src/peer/index.js';
import type { Message } from '../../src/raft/index.js';
import type { StoreEntry } from '../../src/storage/index.js';
import type { Agenda } from './agenda.js';
import type { Host } from './host.js';
import type { Invariants } from './invariants.js';
import type { Links } from './links.js';
import type { Trace } from './trace.js';

export interface Wiring {
  readonly witness: Pick<Invariants, 'sent'>;
  readonly agenda: Agenda;
  readonly links: Links;
  readonly trace: Trace;
  /** Null: nobody has this id. */
  readonly hostOf: (memberId: string) => Host | null;
  readonly idOf: (host: Host) => string;
}

/** Entries of a snapshot that travel at a time. */
const chunkEntries = 256;
const snapshotRetryUs = 20_000;
const snapshotTriesMax = 100;
/** A connection that is refused is tried again so often: also by a member that has nothing to say. */
const knockUs = 1_000_000;

/** What a member has for a network: messages to other hosts over links that delay, lose, copy and cut. */
export function createPeerNetwork(self: Host, wiring: Wiring): PeerNetwork {
  const { witness, agenda, links, trace, hostOf, idOf } = wiring;

  function deliver(to: Host, arrive: (copy: number) => void): void {
    for (const [copy, atUs] of links.between(self.name, to.name).arrivals(agenda.nowUs).entries()) {
      agenda.at(atUs, () => {
        if (links.between(self.name, to.name).cuts === 0) to.within(() => arrive(copy));
      });
    }
  }

  /** Runs in this very process, or not at all. */
  function here(): (action: () => void) => void {
    let isOver = false;
    self.onEnd(() => (isOver = true));
    return (action) => {
      if (!isOver) self.within(action);
    };
  }

  function turnedAwayBy(receiver: Host): boolean {
    return receiver.removed.has(idOf(self));
  }

  function refused(by: string): void {
    agenda.at(agenda.nowUs, () =>
      self.within(() => self.handlers?.onRefused(by, 'removed from its cluster', 'removed')),
    );
  }

  /**
   * Raft stands copies of what it says itself. A command that is forwarded comes once at most: the stream carries nothing twice, and
   * nobody sends it again, because a copy would be another request.
   */
  function sendTo(id: string, messages: readonly Message[]): void {
    const receiver = hostOf(id);
    if (receiver === null) return;
    deliver(receiver, (copy) => {
      const { handlers } = receiver;
      if (handlers === null) return;
      if (turnedAwayBy(receiver)) {
        refused(id);
        return;
      }
      const arrived = copy === 0 ? messages : messages.filter(({ type }) => type !== 'propose');
      trace.note(5, agenda.nowUs, arrived.length);
      for (const { type } of arrived) trace.text(type);
      handlers.onMessages(arrived);
    });
  }

  /** Those that have removed this member tell it so whenever it tries to connect. */
  function knock(live: (action: () => void) => void): void {
    for (const id of peers) {
      const receiver = hostOf(id);
      if (receiver === null || !turnedAwayBy(receiver)) continue;
      deliver(receiver, () => {
        if (receiver.handlers !== null && turnedAwayBy(receiver)) refused(id);
      });
    }
    agenda.at(agenda.nowUs + knockUs, () => live(() => knock(live)));
  }

  async function pauseFor(us: number): Promise<void> {
    const live = here();
    return new Promise((resolve) => agenda.at(agenda.nowUs + us, () => live(resolve)));
  }

  /** As a stream does it: what the link holds back is sent again, for a while. */
  async function cross(from: Host, to: Host): Promise<void> {
    for (let tries = 0; tries < snapshotTriesMax; tries++) {
      const [atUs] = links.between(from.name, to.name).arrivals(agenda.nowUs);
      if (to.handlers === null) break;
      if (atUs !== undefined) return pauseFor(atUs - agenda.nowUs);
      await pauseFor(snapshotRetryUs);
    }
    throw new QuorateError('unavailable', 'the stream of the snapshot broke');
  }

  /** The connection between two processes broke: the other one notices. */
  function tellLoss(other: Host): void {
    const handlers = other.handlers;
    deliver(other, () => {
      if (other.handlers === handlers) handlers?.onConnectionLost(idOf(self));
    });
  }

  let peers: readonly string[] = [];
  let cancelLoss = (): void => undefined;

  return {
    async start(handlers: PeerHandlers) {
      self.handlers = handlers;
      cancelLoss();
      const stopped = self.onEnd(() => {
        for (const id of peers) {
          const other = hostOf(id);
          if (other !== null) tellLoss(other);
        }
      });
      cancelLoss = stopped;
      knock(here());
      return Promise.resolve();
    },
    setPeers(addresses, removed = []) {
      peers = addresses.map(({ id }) => id);
      const news = removed.filter((id) => !self.removed.has(id));
      self.removed = new Set(removed);
      for (const id of news) {
        const gone = hostOf(id);
        if (gone === null) continue;
        const own = idOf(self);
        deliver(gone, () => gone.handlers?.onRefused(own, 'removed from its cluster', 'removed'));
      }
    },
    send(messages) {
      witness.sent(self, messages);
      if (messages.length === 1) {
        const [only] = messages;
        if (only !== undefined) sendTo(only.to, messages);
        return;
      }
      const byPeer = new Map<string, Message[]>();
      for (const message of messages) {
        const batch = byPeer.get(message.to);
        if (batch === undefined) byPeer.set(message.to, [message]);
        else batch.push(message);
      }
      for (const [id, batch] of byPeer) sendTo(id, batch);
    },
    async sendSnapshot(to, term, meta, entries) {
      const receiver = hostOf(to);
      const handlers = receiver?.handlers ?? null;
      if (receiver === null || handlers === null || turnedAwayBy(receiver))
        throw new QuorateError('unavailable', 'unreachable');
      await cross(self, receiver);
      if (receiver.handlers !== handlers) throw new QuorateError('unavailable', 'the receiver is gone');
      const sink = await handlers.openSnapshot(idOf(self), meta);
      let writing: Promise<void> = Promise.resolve();
      let isWhole = false;
      const write = async (chunk: readonly StoreEntry[]): Promise<void> => {
        await cross(self, receiver);
        if (receiver.handlers !== handlers) throw new QuorateError('unavailable', 'the receiver is gone');
        writing = sink.write(chunk);
        await Promise.race([writing, broken]);
      };
      const live = here();
      let forgetReceiver = (): void => undefined;
      const broken = new Promise<never>((_resolve, reject) => {
        const tell = (): void => reject(new QuorateError('unavailable', 'the receiver is gone'));
        forgetReceiver = receiver.onEnd(() => agenda.at(agenda.nowUs, () => live(tell)));
      });
      broken.catch(() => undefined); // Whoever waits for a write is told.
      // When the sender dies the stream breaks, and the receiver waits no longer.
      const forgetEnd = self.onEnd(() => {
        const abort = (): void => {
          if (receiver.handlers === handlers && !isWhole)
            receiver.within(() => void sink.abort().catch(() => undefined));
        };
        writing.then(abort, abort);
      });
      try {
        let chunk: StoreEntry[] = [];
        for await (const entry of entries) {
          chunk.push(entry);
          if (chunk.length < chunkEntries) continue;
          await write(chunk);
          chunk = [];
        }
        await write(chunk);
        isWhole = true;
        await Promise.race([sink.finish(), broken]);
      } catch (error) {
        if (receiver.handlers === handlers) await sink.abort();
        throw error;
      } finally {
        forgetEnd();
        forgetReceiver();
      }
      receiver.within(() => handlers.onSnapshot(idOf(self), term, meta));
    },
    call: (to, request, timeoutMs) =>
      new Promise((resolve, reject) => {
        const live = here();
        agenda.at(agenda.nowUs + timeoutMs * 1000, () => live(() => reject(new QuorateError('timed-out'))));
        const receiver = hostOf(to);
        if (receiver === null) {
          reject(new QuorateError('unavailable', 'unreachable'));
          return;
        }
        const answer = (settle: () => void): void => {
          const [atUs] = links.between(receiver.name, self.name).arrivals(agenda.nowUs);
          if (atUs !== undefined) agenda.at(atUs, () => live(settle));
        };
        const [atUs] = links.between(self.name, receiver.name).arrivals(agenda.nowUs);
        if (atUs === undefined) return; // Until it times out.
        agenda.at(atUs, () => {
          if (receiver.handlers === null) {
            answer(() => reject(new QuorateError('unavailable', 'connection refused')));
            return;
          }
          receiver.within(() => {
            const asked = receiver.handlers;
            if (asked === null) return;
            asked.onCall(idOf(self), request).then(
              (bytes) => answer(() => resolve(bytes)),
              (error: unknown) =>
                answer(() => reject(error instanceof QuorateError ? error : new QuorateError('internal'))),
            );
          });
        });
      }),
    connectedForMs(peer) {
      const other = hostOf(peer);
      const isCut =
        other === null || other.handlers === null || links.between(self.name, other.name).cuts > 0;
      return isCut ? null : Infinity;
    },
    traffic: () => ({ sentBytes: 0, receivedBytes: 0, sendFailures: new Map() }),
    async close() {
      self.handlers = null;
      return Promise.resolve();
    },
  };
}
