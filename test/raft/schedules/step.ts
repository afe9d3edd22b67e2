/**
 * What can happen in a schedule, as small plain values, so that a schedule shrinks by leaving steps out.
 *
 * `a` mostly names a node (by number, modulo how many there are; or a leader, see below) and `b` says more. Indexes are
 * taken modulo what exists when the step runs: no step is ever invalid, at worst nothing happens.
 */
export interface Step {
  readonly kind: StepKind;
  readonly a: number;
  readonly b: number;
  /** What the touched nodes do next: all their duties, only take their Readies, or nothing yet. */
  readonly then: Diligence;
}

export type Diligence = (typeof diligences)[number];
export type StepKind = keyof typeof stepKinds;

export const diligences = ['work', 'take', 'wait'] as const;

/** In the place of a node: the leader of the newest term, and the one of the oldest, who may not know of the other. */
export const newestLeader = -1;
export const oldestLeader = -2;
/** In the place of a message: the newest, and the newest snapshot (the newest message, if there is none). */
export const newestParcel = -1;
export const newestSnapshot = -2;

const nodeNames = new Map([
  [newestLeader, 'leader'],
  [oldestLeader, 'oldest-leader'],
]);
const parcelNames = new Map([
  [newestParcel, 'newest'],
  [newestSnapshot, 'snapshot'],
]);

/** Every kind, with its arguments in words and how often it is drawn next to the others. */
export const stepKinds = {
  /** Everybody ticks, works and gets all its messages, b times. */
  rounds: { arguments: 'b', weight: 4 },
  tick: { arguments: 'a', weight: 8 },
  /** Node a ticks b times at a stretch: hears nothing meanwhile. */
  elapse: { arguments: 'ab', weight: 5 },
  campaign: { arguments: 'a', weight: 1 },
  /** The message at place a of the bag. */
  deliver: { arguments: 'p', weight: 18 },
  /** Messages to node a: all, in the order they were sent; 1: the other way round; 2: only the oldest; 3: only the newest. */
  receive: { arguments: 'ab', weight: 24 },
  drop: { arguments: 'p', weight: 3 },
  duplicate: { arguments: 'p', weight: 3 },
  /** The network delivers again what it delivered once, at place a of the last hundred. */
  echo: { arguments: 'p', weight: 3 },
  /** All messages to node a are lost. */
  lose: { arguments: 'a', weight: 2 },
  propose: { arguments: 'ab', weight: 12 },
  read: { arguments: 'a', weight: 6 },
  take: { arguments: 'a', weight: 3 },
  /** The oldest 1 + b Readies of node a become durable. */
  persist: { arguments: 'ab', weight: 6 },
  work: { arguments: 'a', weight: 6 },
  apply: { arguments: 'ab', weight: 5 },
  /** What node a has applied becomes durable. */
  flush: { arguments: 'a', weight: 4 },
  /**
   * The oldest b % 4 of the Readies on their way to the disk still make it, the last one taken just now. With 4 more, all
   * messages to the node arrive before; with 8 more, what was handed out is applied, durably.
   */
  crash: { arguments: 'ab', weight: 4 },
  restart: { arguments: 'a', weight: 5 },
  /** Flush, then forget all but the last b applied entries. */
  compact: { arguments: 'ab', weight: 5 },
  /** Node a stands still in all rounds from here on, and its messages wait; or it wakes up again. */
  pause: { arguments: 'a', weight: 2 },
  /** Nothing more flows from node a to node b. */
  cut: { arguments: 'ab', weight: 2 },
  isolate: { arguments: 'a', weight: 3 },
  /** Two halves: the bits of b. */
  split: { arguments: 'b', weight: 2 },
  /** The links are whole again, and who paused wakes up. */
  heal: { arguments: '', weight: 4 },
  transfer: { arguments: 'ab', weight: 3 },
  /** One step at node a: b is 3 × node + (0 add voter, 1 add learner, 2 remove). */
  change: { arguments: 'ab', weight: 5 },
  /** Many steps at node a: two bits of b a node (0 leave, 1 voter, 2 learner, 3 remove). */
  joint: { arguments: 'ab', weight: 3 },
  'connection-lost': { arguments: 'ab', weight: 2 },
  unreachable: { arguments: 'ab', weight: 1 },
} as const;

/** One line: `propose 2 0`, `tick leader wait`. */
export function printStep(step: Step): string {
  const words: string[] = [step.kind];
  for (const name of stepKinds[step.kind].arguments) words.push(printArgument(step, name));
  if (step.then !== 'work') words.push(step.then);
  return words.join(' ');
}

function printArgument(step: Step, name: string): string {
  if (name === 'b') return String(step.b);
  return (name === 'p' ? parcelNames : nodeNames).get(step.a) ?? String(step.a);
}

/** Reads what printStep wrote. Throws an Error that names the line. */
export function parseStep(line: string): Step {
  const words = line.trim().split(/\s+/);
  const kind = words.shift() ?? '';
  if (!isStepKind(kind)) throw new Error(`no such step: ${line}`);
  const step = { kind, a: 0, b: 0 };
  for (const name of stepKinds[kind].arguments) {
    step[name === 'b' ? 'b' : 'a'] = parseArgument(words.shift(), line);
  }
  const then = diligences.find((diligence) => diligence === (words[0] ?? 'work'));
  if (then === undefined || words.length > 1) throw new Error(`not understood at its end: ${line}`);
  return { ...step, then };
}

function isStepKind(word: string): word is StepKind {
  return Object.hasOwn(stepKinds, word);
}

function parseArgument(word: string | undefined, line: string): number {
  for (const [number, name] of [...nodeNames, ...parcelNames]) if (word === name) return number;
  const value = Number(word);
  if (!Number.isInteger(value)) throw new Error(`not a whole number in: ${line}`);
  return value;
}
