import type { Event, Message } from '../../../src/raft/index.js';
import { newestSnapshot } from './step.js';

/** What lies in the bag: a message, or news of a snapshot's stream for the node that sends it. */
export type Parcel =
  | {
      readonly type: 'message';
      readonly from: number;
      readonly to: number;
      readonly message: Message;
      /** The first copy of a snapshot: the incarnation of the sender, who hears how the stream ends. Else 0. */
      readonly stream: number;
    }
  | { readonly type: 'news'; readonly to: number; readonly incarnation: number; readonly event: Event };

/** Above this many parcels the oldest is lost. */
const parcelsMax = 400;
/** So many are remembered, to come once more. */
const deliveredMax = 100;

/** All messages on their way: a bag, from which any can be taken next. Links are cut in one direction at a time. */
export class Network {
  readonly parcels: Parcel[] = [];
  private readonly delivered: Parcel[] = [];
  private readonly cuts = new Set<number>();

  /** Returns the parcel that is lost because there are too many. */
  add(parcel: Parcel): Parcel | null {
    this.parcels.push(parcel);
    return this.parcels.length > parcelsMax ? (this.parcels.shift() ?? null) : null;
  }

  /** The place in the bag that a step's number means; null if the bag is empty. */
  placeOf(number: number): number | null {
    return placeIn(this.parcels, number);
  }

  remember(parcel: Parcel): void {
    this.delivered.push(parcel);
    if (this.delivered.length > deliveredMax) this.delivered.shift();
  }

  /** One that was delivered before; places as in the bag. */
  echo(number: number): Parcel | null {
    return this.delivered[placeIn(this.delivered, number) ?? -1] ?? null;
  }

  takeAt(place: number): Parcel | null {
    return this.parcels.splice(place, 1)[0] ?? null;
  }

  /** Takes all that is wanted, in the order of sending. */
  takeAll(wanted: (parcel: Parcel) => boolean): Parcel[] {
    const taken: Parcel[] = [];
    let kept = 0;
    for (const parcel of this.parcels) {
      if (wanted(parcel)) taken.push(parcel);
      else this.parcels[kept++] = parcel;
    }
    this.parcels.length = kept;
    return taken;
  }

  /** It was sent before its link was cut, and waits for the link. */
  isHeld(parcel: Parcel): boolean {
    return parcel.type === 'message' && this.isCut(parcel.from, parcel.to);
  }

  isCut(from: number, to: number): boolean {
    return this.cuts.size > 0 && this.cuts.has(from * 16 + to);
  }

  cut(from: number, to: number): void {
    if (from !== to) this.cuts.add(from * 16 + to);
  }

  heal(): void {
    this.cuts.clear();
  }
}

function placeIn(parcels: readonly Parcel[], number: number): number | null {
  const { length } = parcels;
  if (length === 0) return null;
  if (number >= 0) return number % length;
  const snapshot = number === newestSnapshot ? parcels.findLastIndex(isSnapshot) : -1;
  return snapshot >= 0 ? snapshot : length - 1;
}

function isSnapshot(parcel: Parcel): boolean {
  return parcel.type === 'message' && parcel.message.type === 'snapshot';
}
