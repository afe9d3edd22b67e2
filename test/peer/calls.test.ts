import { afterEach, describe, expect, it, vi } from 'vitest';
import { QuorateError } from '../../src/base/index.js';
import { callSizeBytesMax } from '../../src/peer/calls.js';
import { acquaint, closeAll, memberId, reach, startMember } from './support.js';

// Real sockets on a machine that may be busy: only what never comes fails.
vi.setConfig({ testTimeout: 30_000 });

afterEach(closeAll);

const patienceMs = 20_000;
const question = Buffer.from('question');

describe('calls between members', () => {
  it('bring the answer, and tell who asks', async () => {
    const asked: string[] = [];
    const [a, b] = [
      await startMember('a'),
      await startMember('b', {
        handlers: {
          onCall: (from, request) => {
            asked.push(from);
            return Promise.resolve(Buffer.concat([request, Buffer.from('!')]));
          },
        },
      }),
    ];
    await acquaint(a, b);
    const answer = await a.network.call(b.id, question, patienceMs);
    expect(Buffer.from(answer).toString()).toBe('question!');
    expect(asked).toEqual([a.id]);
  });

  it('bring a refusal as the error that it is, and anything else as a failure of the callee', async () => {
    const failures = [new QuorateError('learner-not-ready', 'not yet'), new TypeError('oh')];
    const [a, b] = [
      await startMember('a'),
      await startMember('b', {
        handlers: { onCall: () => Promise.reject(failures.shift() ?? new Error('asked too often')) },
      }),
    ];
    await acquaint(a, b);
    await expect(a.network.call(b.id, question, patienceMs)).rejects.toMatchObject({
      name: 'QuorateError',
      code: 'learner-not-ready',
      message: 'not yet',
    });
    await expect(a.network.call(b.id, question, patienceMs)).rejects.toMatchObject({
      code: 'internal',
      message: 'oh',
    });
  });

  it('to nobody, or to one that is not connected, were never made', async () => {
    const a = await startMember('a');
    a.network.setPeers([{ id: memberId('b'), urls: ['http://127.0.0.1:9'] }]);
    for (const to of [memberId('b'), memberId('c')]) {
      await expect(a.network.call(to, question, patienceMs)).rejects.toMatchObject({ code: 'unavailable' });
      expect(a.network.connectedForMs(to)).toBeNull();
    }
  });

  it('are given up in time, and when the connection breaks', async () => {
    const [a, b] = [
      await startMember('a'),
      await startMember('b', { handlers: { onCall: () => new Promise(() => undefined) } }),
    ];
    await acquaint(a, b);
    expect(a.network.connectedForMs(b.id)).toBeGreaterThan(0);
    await expect(a.network.call(b.id, question, 50)).rejects.toMatchObject({ code: 'timed-out' });
    const broken = a.network.call(b.id, question, patienceMs);
    const refused = expect(broken).rejects.toMatchObject({ code: 'canceled' });
    await b.network.close();
    await refused;
    const own = a.network.call(b.id, question, patienceMs).catch((error: unknown) => error);
    await a.network.close();
    expect(await own).toMatchObject({ code: expect.stringMatching(/^(canceled|unavailable)$/) as string });
  });

  it('are bounded in size, both ways', async () => {
    const [a, b] = [
      await startMember('a'),
      await startMember('b', {
        handlers: { onCall: () => Promise.resolve(Buffer.alloc(callSizeBytesMax + 1)) },
      }),
    ];
    await acquaint(a, b);
    await expect(a.network.call(b.id, Buffer.alloc(callSizeBytesMax + 1), patienceMs)).rejects.toMatchObject({
      code: 'request-too-large',
    });
    await expect(a.network.call(b.id, question, patienceMs)).rejects.toMatchObject({
      code: 'internal',
      message: 'the answer is too large',
    });
  });

  it('are bounded in number; those that are let in are all answered', async () => {
    let answer: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (answer = resolve));
    const [a, b] = [
      await startMember('a'),
      await startMember('b', { handlers: { onCall: (_from, request) => all.then(() => request) } }),
    ];
    await acquaint(a, b);
    const calls = Array.from({ length: 1_100 }, () =>
      a.network.call(b.id, question, patienceMs).then(
        () => 'answered',
        (error: unknown) => (error instanceof QuorateError ? error.code : error),
      ),
    );
    answer();
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(1_024);
    expect(outcomes.filter((outcome) => outcome === 'too-many-requests')).toHaveLength(76);
  });

  it('of one that nobody has named are refused', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    a.network.setPeers([{ id: b.id, urls: [b.url] }]);
    await reach(a, b); // As a stranger whose stream is taken in.
    await expect(a.network.call(b.id, question, patienceMs)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('of one that was removed are refused', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    b.network.setPeers([], [a.id]);
    await expect(a.network.call(b.id, question, patienceMs)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
