import type { MemberRequests } from './requests.js';
import { CallError } from '../store/index.js';

const pauseMs = 100;

export interface CompareOptions {
  readonly requests: MemberRequests;
  readonly machines: () => readonly string[];
  /** Who may ask for hashes where users are needed; null: no users are needed. */
  readonly user: { readonly name: string; readonly password: string } | null;
  readonly limitMs: number;
}

/**
 * Waits until all voters have the same revision, and compares the hashes of what they hold then. Null: they agree. Otherwise what
 * each of them said; leases may run out meanwhile, so that a member which has moved on is asked again, until `limitMs` is over.
 */
export async function compareReplicas(options: CompareOptions): Promise<string | null> {
  const { requests, machines, user, limitMs } = options;
  const endMs = performance.now() + limitMs;
  for (let last = 'no member answered'; ;) {
    try {
      const members = await votersOf(machines(), requests);
      if (user !== null) await requests.logIn(members[0] ?? '', user);
      const first = await Promise.all(members.map((member) => requests.hashKv(member, 0)));
      const revision = Math.min(...first.map(({ header }) => Number(header?.revision ?? 0)));
      const answers = await Promise.all(members.map((member) => requests.hashKv(member, revision)));
      const hashes = answers.map(
        ({ hash, compactRevision }) => `${hash} at ${revision}, compacted ${String(compactRevision)}`,
      );
      const isLevel = first.every(({ header }) => Number(header?.revision ?? 0) === revision);
      last = members.map((member, place) => `${member}: ${hashes[place] ?? ''}`).join('; ');
      if (isLevel && new Set(hashes).size === 1) return null;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      last = error.message;
    }
    if (performance.now() >= endMs) return last;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Learners answer nothing of that kind. */
async function votersOf(machines: readonly string[], requests: MemberRequests): Promise<readonly string[]> {
  const statuses = await Promise.all(machines.map((machine) => requests.status(machine)));
  return machines.filter((_, place) => statuses[place]?.isLearner !== true);
}
