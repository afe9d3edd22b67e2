import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assert } from '../../src/base/index.js';
import { Progress } from '../../src/raft/progress.js';

/* A peer whose log holds a prefix of the leader's, over a wire that loses, repeats and reorders. */

interface Append {
  readonly previous: number;
  readonly last: number;
}

const windowMax = 3;
const options = { inflightsMax: windowMax, patienceTicks: 10, isActive: true };
const last = 12;

describe('what a leader knows of a peer', () => {
  test('in the states probe, replicate and snapshot', () => {
    const progress = new Progress(6, { ...options, isActive: false });
    expect(progress.view()).toEqual({
      state: 'probe',
      match: 0,
      next: 6,
      recentActive: false,
      inflightMessages: 0,
    });

    // A refused probe goes back to the guess, and never below what is known.
    expect(progress.refuse(5, 2)).toBe(true);
    expect(progress.next).toBe(3);
    expect(progress.refuse(5, 0)).toBe(false);

    progress.acknowledge(3);
    progress.becomeReplicate();
    progress.sentEntries(5);
    progress.sentEntries(7);
    progress.sentEntries(9);
    expect([progress.next, progress.inflightCount, progress.windowFull]).toEqual([10, 3, true]);
    progress.acknowledge(7);
    expect([progress.match, progress.inflightCount, progress.windowFull]).toEqual([7, 1, false]);
    expect(progress.acknowledge(6)).toBe(false);

    // A refusal of what is known to match is old news; any other one shows a loss.
    expect(progress.refuse(7, 0)).toBe(false);
    expect(progress.refuse(9, 8)).toBe(true);
    expect([progress.state, progress.next, progress.inflightCount]).toEqual(['probe', 8, 0]);

    progress.becomeSnapshot();
    expect(progress.refuse(7, 7)).toBe(false);
    expect(progress.acknowledge(11)).toBe(true);
    expect([progress.state, progress.match, progress.next]).toEqual(['snapshot', 11, 12]);
  });

  test('the peer gets the whole log, whatever the wire does, once the wire is good again', () => {
    const chances = fc.array(
      fc.constantFrom('send', 'deliver', 'last first', 'lose', 'repeat', 'answer', 'beat'),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(chances, fc.nat(last), (list, held) => {
        const peer = new Peer(held);
        for (const chance of list) peer.meet(chance);
        for (let round = 0; round < 40; round++)
          for (const good of ['beat', 'send', 'deliver', 'answer']) peer.meet(good);
        expect(peer.holds).toBe(last);
        expect(peer.progress.match).toBe(last);
      }),
      { numRuns: 500 },
    );
  });
});

class Peer {
  readonly progress = new Progress(last + 1, options);
  readonly #appends: Append[] = [];
  readonly #answers: { readonly refused: boolean; readonly index: number; readonly guess: number }[] = [];
  holds: number;

  constructor(holds: number) {
    this.holds = holds;
  }

  meet(chance: string): void {
    const { progress } = this;
    switch (chance) {
      case 'send':
        this.#send();
        break;
      case 'deliver':
        this.#receive(this.#appends.shift());
        break;
      case 'last first':
        this.#receive(this.#appends.pop());
        break;
      case 'lose':
        this.#appends.shift();
        break;
      case 'repeat':
        this.#receive(this.#appends[0]);
        break;
      case 'answer': {
        const answer = this.#answers.shift();
        if (answer === undefined) break;
        if (answer.refused) progress.refuse(answer.index, answer.guess);
        else if (progress.acknowledge(answer.index) || progress.match === answer.index) {
          if (progress.state === 'probe') progress.becomeReplicate();
        }
        break;
      }
      case 'beat':
        progress.probeSent = false;
        if (progress.state === 'replicate' && progress.match < last) progress.poke = true;
        break;
    }
    assert(progress.match < progress.next, 'what the peer lacks begins after what it has');
    assert(progress.match <= this.holds, 'the peer holds what the leader thinks it does');
    assert(progress.next <= last + 1, 'nothing is sent that is not in the log');
    assert(progress.inflightCount <= windowMax, 'the window bounds what is on its way');
  }

  #send(): void {
    const { progress } = this;
    const end = Math.min(last, progress.next + 1);
    const append = { previous: progress.next - 1, last: end };
    if (progress.state === 'probe') {
      if (!progress.probeSent) this.#appends.push(append);
      progress.probeSent = true;
    } else if (progress.next <= last && !progress.windowFull) {
      this.#appends.push(append);
      progress.sentEntries(end);
    } else if (progress.poke) {
      this.#appends.push({ previous: progress.next - 1, last: progress.next - 1 });
      progress.poke = false;
    }
  }

  #receive(append: Append | undefined): void {
    if (append === undefined) return;
    const refused = append.previous > this.holds;
    if (!refused) this.holds = Math.max(this.holds, append.last);
    this.#answers.push({ refused, index: refused ? append.previous : append.last, guess: this.holds });
  }
}
