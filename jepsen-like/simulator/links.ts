import { seededRandom } from '../../src/base/index.js';

/** How one direction between two hosts is. */
export interface LinkState {
  /** Counts what cuts it: faults overlap. */
  cuts: number;
  lossPermille: number;
  duplicatePermille: number;
  /** Each message takes the shortest time and up to `spreadUs` more. */
  delayUs: number;
  spreadUs: number;
  /** Messages overtake one another. Otherwise they arrive in order, as on a TCP connection. */
  reorders: boolean;
}

export interface Link extends LinkState {
  /** When the next message arrives, its copies after it; empty: it is lost. Draws from the link's own chance. */
  arrivals(nowUs: number): readonly number[];
  /** As it was at first, but for what cuts it. */
  calm(): void;
}

export const calm: LinkState = {
  cuts: 0,
  lossPermille: 0,
  duplicatePermille: 0,
  delayUs: 150,
  spreadUs: 200,
  reorders: false,
};

/** Its randomness hangs on its name alone, so that what other links carry does not change it. */
export function createLink(seed: number, name: string): Link {
  const random = seededRandom(seedOf(seed, name));
  let lastUs = 0;
  const link: Link = {
    ...calm,
    calm: () => void Object.assign(link, { ...calm, cuts: link.cuts }),
    arrivals(nowUs) {
      if (link.cuts > 0 || random.below(1000) < link.lossPermille) return [];
      const copies = random.below(1000) < link.duplicatePermille ? 2 : 1;
      return Array.from({ length: copies }, () => {
        const atUs = nowUs + link.delayUs + random.below(link.spreadUs + 1);
        if (link.reorders) return atUs;
        lastUs = Math.max(lastUs, atUs);
        return lastUs;
      });
    },
  };
  return link;
}

export interface Links {
  /** The direction from one host to another. */
  between(from: string, to: string): Link;
}

export function createLinks(seed: number): Links {
  const links = new Map<string, Link>();
  return {
    between(from, to) {
      const name = `${from}>${to}`;
      let link = links.get(name);
      if (link === undefined) {
        link = createLink(seed, name);
        links.set(name, link);
      }
      return link;
    },
  };
}

/** One number out of a seed and a name. */
export function seedOf(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ (seed | 0) ^ Math.floor(seed / 0x1_0000_0000);
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
