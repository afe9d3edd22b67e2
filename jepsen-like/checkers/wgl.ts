/**
 * A step on one register. Values are numbers that stand for them, `absent` for none; see registers.ts.
 */
export interface RegisterStep {
  readonly id: number;
  readonly process: number;
  readonly invokedUs: number;
  /** Null: it may take effect at any later time, or never. */
  readonly returnedUs: number | null;
  /** A write says nothing about the state before it. */
  readonly isBlind: boolean;
  /** The state after it, if it can happen in that state; `impossible`: it cannot. */
  readonly apply: (state: number) => number;
}

export const absent = 0;
export const impossible = -1;

export type SearchEnd =
  | { readonly type: 'found' }
  /** The budget of this round ended; another round goes on where this one was. */
  | { readonly type: 'open' }
  | {
      readonly type: 'stuck';
      /** What returned before it can be put into an order; together with it that cannot be done. */
      readonly stuck: number;
      /** States that are possible once all that returned before it is done, each with one order that leads to it. */
      readonly dead: readonly { readonly state: number; readonly order: readonly number[] }[];
    };

export interface Search {
  readonly tried: number;
  run(budget: number): SearchEnd;
}

/** In the list of what is still to be put in order: an invocation, or the return that waits for it. */
interface Event {
  readonly step: RegisterStep;
  /** Among those that returned, in order of invocation. */
  readonly place: number;
  /** Position in time. */
  readonly rank: number;
  readonly isReturn: boolean;
  before: Event | null;
  after: Event | null;
  /** Of an invocation: its return. */
  match: Event | null;
  /** What the same process ended at the moment when this began: it has to be done. */
  previous: number | null;
}

/** A choice that was made, and where the search goes on when it was wrong. */
interface Frame {
  readonly state: number;
  readonly owes: boolean;
  readonly openSet: number;
  readonly call: Event | null;
  readonly open: number;
  readonly wall: Event | null;
}

const deadEndsMax = 6;

/**
 * Linearizability of one register (Wing and Gong 1993; states that were seen are remembered, as by Lowe 2017). Steps without an outcome are
 * put in only where nothing else goes on, and only where the next step needs them: leaving one out is always allowed.
 */
export function createSearch(steps: readonly RegisterStep[]): Search {
  const { head, opens, count } = eventsOf(steps);
  const memory = createMemory(count);
  const isOpenDone = new Uint8Array(opens.length);
  const openSwaps = [...opens.keys()].filter((place) => opens[place]?.step.isBlind === false);
  const frames: Frame[] = [];
  let state = absent;
  /** The last step was one without an outcome: the next has to need it. */
  let owes = false;
  let openSet = 0;
  /** Where in the list the search looks; null: it is behind the wall, at the open steps. */
  let cursor = head.after;
  let wall: Event | null = null;
  let open = 0;
  let tried = 0;
  let farthest: Event | null = null;
  let dead = new Map<number, readonly number[]>();

  function enter(next: number, nextOwes: boolean): void {
    state = next;
    owes = nextOwes;
    cursor = head.after;
    wall = null;
    open = 0;
  }

  function tryCall(call: Event): void {
    const next = owes && call.step.isBlind ? impossible : call.step.apply(state);
    const isReady = call.previous === null || memory.isDone(call.previous);
    if (next === impossible || !isReady) {
      cursor = call.after;
      return;
    }
    memory.add(call.place);
    if (!memory.isNew(openSet, next, false)) {
      memory.remove(call.place);
      cursor = call.after;
      return;
    }
    frames.push({ state, owes, openSet, call, open: -1, wall: null });
    lift(call);
    enter(next, false);
  }

  function tryOpen({ step, previous }: OpenStep, at: number): void {
    const isReady = isOpenDone[at] === 0 && (previous === null || memory.isDone(previous));
    const next = !isReady || (owes && step.isBlind) ? impossible : step.apply(state);
    if (next === impossible || next === state || !isNeeded(next, at)) return;
    const nextSet = memory.setWith(openSet, at);
    if (!memory.isNew(nextSet, next, true)) return;
    frames.push({ state, owes, openSet, call: null, open: at, wall });
    isOpenDone[at] = 1;
    openSet = nextSet;
    enter(next, true);
  }

  /** Whether what may come next can make use of the state. */
  function isNeeded(next: number, at: number): boolean {
    for (let event = head.after; event !== null && !event.isReturn; event = event.after) {
      if (!event.step.isBlind && event.step.apply(next) !== impossible) return true;
    }
    return openSwaps.some((place) => place !== at && isOpenDone[place] === 0);
  }

  /** False: there is nothing left to try. */
  function goBack(): boolean {
    const frame = frames.pop();
    if (frame === undefined) return false;
    ({ state, owes, openSet, wall } = frame);
    if (frame.call === null) {
      isOpenDone[frame.open] = 0;
      cursor = null;
      open = frame.open + 1;
    } else {
      memory.remove(frame.call.place);
      unlift(frame.call);
      cursor = frame.call.after;
    }
    return true;
  }

  function noteDeadEnd(at: Event): void {
    if (farthest !== null && at.rank < farthest.rank) return;
    if (farthest === null || at.rank > farthest.rank) dead = new Map();
    farthest = at;
    if (dead.size >= deadEndsMax || dead.has(state)) return;
    const order = frames.map(({ call, open: at }) => call?.step.id ?? opens[at]?.step.id ?? -1);
    dead.set(state, order);
  }

  function run(budget: number): SearchEnd {
    for (let left = budget; left > 0; left--) {
      tried += 1;
      if (cursor !== null && !cursor.isReturn) {
        tryCall(cursor);
        continue;
      }
      if (cursor !== null) {
        wall = cursor;
        cursor = null;
        open = 0;
      }
      if (wall === null) return { type: 'found' };
      const candidate = opens[open];
      if (candidate !== undefined && candidate.rank < wall.rank) {
        tryOpen(candidate, open++);
        continue;
      }
      noteDeadEnd(wall);
      if (goBack()) continue;
      const ends = [...dead].map(([end, order]) => ({ state: end, order }));
      return { type: 'stuck', stuck: farthest?.step.id ?? -1, dead: ends };
    }
    return { type: 'open' };
  }

  return {
    get tried() {
      return tried;
    },
    run,
  };
}

interface OpenStep {
  readonly step: RegisterStep;
  readonly rank: number;
  /** As for an event. */
  readonly previous: number | null;
}

/** In order of time; what returns when another is invoked comes after it: they may have overlapped. */
function eventsOf(steps: readonly RegisterStep[]): {
  readonly head: Event;
  readonly opens: readonly OpenStep[];
  readonly count: number;
} {
  const byInvocation = [...steps].sort((a, b) => a.invokedUs - b.invokedUs || a.id - b.id);
  const points: { readonly step: RegisterStep; readonly isReturn: boolean; readonly atUs: number }[] = [];
  for (const step of byInvocation) {
    points.push({ step, isReturn: false, atUs: step.invokedUs });
    if (step.returnedUs !== null) points.push({ step, isReturn: true, atUs: step.returnedUs });
  }
  points.sort((a, b) => a.atUs - b.atUs || Number(a.isReturn) - Number(b.isReturn));
  const nothing: RegisterStep = {
    ...{ id: -1, process: -1, invokedUs: -1, returnedUs: null, isBlind: false },
    apply: () => impossible,
  };
  const head = eventOf(nothing, { place: -1, rank: -1, isReturn: false });
  const opens: OpenStep[] = [];
  const calls = new Map<RegisterStep, Event>();
  const lastOf = new Map<number, Event>();
  let last = head;
  const previousOf = ({ process, invokedUs }: RegisterStep): number | null => {
    const previous = lastOf.get(process);
    return previous?.step.returnedUs === invokedUs ? previous.place : null;
  };
  for (const [rank, { step, isReturn }] of points.entries()) {
    if (step.returnedUs === null) {
      opens.push({ step, rank, previous: previousOf(step) });
      continue;
    }
    const call = calls.get(step);
    const event = eventOf(step, { place: call?.place ?? calls.size, rank, isReturn });
    if (call !== undefined) call.match = event;
    else {
      calls.set(step, event);
      event.previous = previousOf(step);
      lastOf.set(step.process, event);
    }
    last.after = event;
    event.before = last;
    last = event;
  }
  return { head, opens, count: calls.size };
}

function eventOf(step: RegisterStep, at: Pick<Event, 'place' | 'rank' | 'isReturn'>): Event {
  return { step, ...at, before: null, after: null, match: null, previous: null };
}

/** Which steps are done, and which states were seen with the same steps done. */
interface Memory {
  add(place: number): void;
  remove(place: number): void;
  isDone(place: number): boolean;
  /** A number for the set of open steps that has this one too. */
  setWith(set: number, step: number): number;
  isNew(openSet: number, state: number, owes: boolean): boolean;
}

function createMemory(count: number): Memory {
  const done = new Uint8Array(count);
  const seen = new Set<string>();
  /** Sets of open steps by number: equal sets have equal numbers, and each is stored once. */
  const sets: string[] = [''];
  const numberOf = new Map<string, number>([['', 0]]);
  let firstOpen = 0;
  let doneCount = 0;

  /** All before the first that is not done are done: only those done behind it say more. They are few: they overlapped with it. */
  function name(): string {
    let text = String(firstOpen);
    let left = doneCount - firstOpen;
    for (let place = firstOpen + 1; left > 0; place++) {
      if (done[place] !== 1) continue;
      left -= 1;
      text += `,${place - firstOpen}`;
    }
    return text;
  }

  return {
    add(place) {
      done[place] = 1;
      doneCount += 1;
      while (done[firstOpen] === 1) firstOpen += 1;
    },
    remove(place) {
      done[place] = 0;
      doneCount -= 1;
      if (place < firstOpen) firstOpen = place;
    },
    isDone: (place) => done[place] === 1,
    setWith(set, step) {
      const steps = (sets[set] ?? '').split(',').filter((each) => each !== '');
      const text = [...steps, String(step)].sort((a, b) => Number(a) - Number(b)).join();
      const known = numberOf.get(text);
      if (known !== undefined) return known;
      sets.push(text);
      numberOf.set(text, sets.length - 1);
      return sets.length - 1;
    },
    isNew(openSet, state, owes) {
      const key = `${name()} ${openSet} ${state}${owes ? '!' : ''}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    },
  };
}

function lift(call: Event): void {
  unlink(call);
  if (call.match !== null) unlink(call.match);
}

function unlift(call: Event): void {
  if (call.match !== null) relink(call.match);
  relink(call);
}

function unlink(event: Event): void {
  if (event.before !== null) event.before.after = event.after;
  if (event.after !== null) event.after.before = event.before;
}

function relink(event: Event): void {
  if (event.before !== null) event.before.after = event;
  if (event.after !== null) event.after.before = event;
}
