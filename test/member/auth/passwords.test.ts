import { describe, expect, test } from 'vitest';
import { createNodeSecrets, createPasswords } from '../../../src/member/auth/index.js';
import type { Secrets } from '../../../src/member/auth/index.js';
import { createGate } from '../../../src/base/index.js';

const leastCost = 4;

describe('passwords', () => {
  const passwords = createPasswords(createNodeSecrets(), leastCost);

  test('match their own hash alone', async () => {
    const hash = await passwords.hash('secret');
    expect(hash).toMatch(/^\$2b\$04\$[./A-Za-z0-9]{53}$/);
    expect(await passwords.hash('secret')).not.toBe(hash);
    expect(await passwords.matches('secret', hash)).toBe(true);
    for (const other of ['Secret', 'secret ', '', 'secret\0']) {
      expect(await passwords.matches(other, hash), JSON.stringify(other)).toBe(false);
    }
  });

  test('may be empty, hold any character, and be 72 bytes long', async () => {
    for (const password of ['', 'ä€😀', 'with\0zero', 'x'.repeat(72)]) {
      const hash = await passwords.hash(password);
      expect(await passwords.matches(password, hash)).toBe(true);
      expect(await passwords.matches(`${password.slice(0, -1)}?`, hash)).toBe(false);
    }
  });

  test('of more than 72 bytes are refused, for bcrypt would not look at the rest', async () => {
    await expect(passwords.hash('x'.repeat(73))).rejects.toMatchObject({ code: 'password-too-long' });
    await expect(passwords.hash('ä'.repeat(37))).rejects.toMatchObject({ code: 'password-too-long' });
  });

  test("are taken with the hashes that etcd's bcrypt makes", async () => {
    // Of "test", made by etcd 3.4.23.
    const hash = '$2a$10$4ftBwKnikfInXR3yAqVoC.72ewaxyftOPWE.T5o7GW4FZnREhadXO';
    expect(await passwords.matches('test', hash)).toBe(true);
    expect(await passwords.matches('Test', hash)).toBe(false);
  });

  test('of somebody who is not there take the same work', async () => {
    const asked: string[] = [];
    const secrets: Secrets = {
      ...createNodeSecrets(),
      async matchesPassword(password, hash) {
        asked.push(hash);
        return createNodeSecrets().matchesPassword(password, hash);
      },
    };
    const counted = createPasswords(secrets, 5);
    expect(await counted.matches('secret', null)).toBe(false);
    expect(asked).toHaveLength(1);
    // A whole hash of the same cost: bcrypt would answer at once to anything else.
    expect(asked[0]).toMatch(/^\$2b\$05\$[./A-Za-z0-9]{53}$/);
  });

  test('even one that matches the decoy lets nobody in', async () => {
    const always: Secrets = { ...createNodeSecrets(), matchesPassword: async () => Promise.resolve(true) };
    expect(await createPasswords(always, leastCost).matches('any', null)).toBe(false);
  });
});

describe('a gate', () => {
  test('lets few run at once, the others in order, and refuses when too many wait', async () => {
    const gate = createGate({ atOnceMax: 2, waitingMax: 2 });
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const task = (number: number) => async (): Promise<number> => {
      begun.push(number);
      await new Promise<void>((resolve) => ends.push(resolve));
      return number;
    };
    const results = [1, 2, 3, 4].map((number) => gate.run(task(number)));
    await expect(gate.run(task(5))).rejects.toMatchObject({ code: 'too-many-requests' });
    expect(begun).toEqual([1, 2]);
    for (let ended = 0; ended < 4; ended++) {
      ends[ended]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
    expect(begun).toEqual([1, 2, 3, 4]);
  });

  test('a task that fails makes room like any other', async () => {
    const gate = createGate({ atOnceMax: 1, waitingMax: 1 });
    for (let each = 0; each < 3; each++) {
      await expect(gate.run(async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    }
    expect(await gate.run(async () => Promise.resolve(7))).toBe(7);
  });
});
