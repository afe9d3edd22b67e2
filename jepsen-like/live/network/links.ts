/** One direction between two machines, by their names. */
export type Pair = readonly [from: string, to: string];

export interface Links {
  /** Nothing passes any more; the answer mends it. What several have cut passes again when all of them have mended it. */
  cut(pairs: readonly Pair[]): () => void;
  /** Everything comes later by up to so long, in order; the answer ends it. The longest of several counts. */
  slow(pairs: readonly Pair[], delayMs: number): () => void;
  isCut(from: string, to: string): boolean;
  delayMsOf(from: string, to: string): number;
  /** Called whenever a link changes. */
  subscribe(onChange: (from: string, to: string) => void): void;
}

interface Link {
  cuts: number;
  readonly delays: number[];
}

/** What is wrong with each direction between the machines of a run; a network carries it out. */
export function createLinks(): Links {
  const links = new Map<string, Link>();
  const listeners: ((from: string, to: string) => void)[] = [];

  function linkOf(from: string, to: string): Link {
    const name = `${from} ${to}`;
    let link = links.get(name);
    if (link === undefined) links.set(name, (link = { cuts: 0, delays: [] }));
    return link;
  }

  function change(pairs: readonly Pair[], by: (link: Link) => void): void {
    for (const [from, to] of pairs) {
      by(linkOf(from, to));
      for (const listener of listeners) listener(from, to);
    }
  }

  function once(undo: () => void): () => void {
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      undo();
    };
  }

  return {
    cut(pairs) {
      change(pairs, (link) => (link.cuts += 1));
      return once(() => change(pairs, (link) => (link.cuts -= 1)));
    },
    slow(pairs, delayMs) {
      change(pairs, ({ delays }) => delays.push(delayMs));
      return once(() => change(pairs, ({ delays }) => delays.splice(delays.indexOf(delayMs), 1)));
    },
    isCut: (from, to) => linkOf(from, to).cuts > 0,
    delayMsOf: (from, to) => Math.max(0, ...linkOf(from, to).delays),
    subscribe: (onChange) => void listeners.push(onChange),
  };
}

/** Every direction between any two of them. */
export function allPairs(names: readonly string[]): readonly Pair[] {
  return names.flatMap((from) => names.filter((to) => to !== from).map((to): Pair => [from, to]));
}
