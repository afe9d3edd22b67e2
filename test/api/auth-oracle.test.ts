import { beforeAll, describe, expect, test } from 'vitest';
import { authMethods } from '../../src/api/auth.js';
import { createHeaderWriter } from '../../src/api/header.js';
import { kvMethods } from '../../src/api/kv.js';
import type { UnaryMethod } from '../../src/api/method.js';
import { QuorateError, some } from '../../src/base/index.js';
import type { Credentials, Member } from '../../src/member/index.js';
import { createWorld } from '../member/world.js';
import type { World } from '../member/world.js';
import { authChangeCases, authReadCases, disableCase } from './auth-oracle/auth-requests.js';
import { keyCases } from './auth-oracle/key-requests.js';
import type { Case } from './auth-oracle/key-requests.js';
import { people, settleIn } from './auth-oracle/people.js';
import type { Person } from './auth-oracle/people.js';
import { verdict } from './auth-oracle/rules.js';

/*
 * Every call, by every kind of user, at every depth of a transaction: what a whole member answers is held against the rules
 * of auth-oracle/rules.ts, which share no code with it.
 */
describe('who may do what', () => {
  let world: World;
  let member: Member;
  let methods: ReadonlyMap<string, UnaryMethod>;
  let credentials: ReadonlyMap<string, Credentials>;

  beforeAll(async () => {
    world = createWorld({ members: 1 });
    member = await world.start('m1');
    await world.run(() => member.leader === member.id);
    const header = createHeaderWriter(member);
    const all = [...kvMethods(member, header), ...authMethods(member, header)];
    methods = new Map(all.flatMap((each) => (each.type === 'unary' ? [[each.path, each]] : [])));
    credentials = await settleIn(member, world);
  });

  /** `null`: done. What is refused for another reason than permissions fails the test. */
  async function ask(person: Person, { path, bytes }: Case): Promise<string | null> {
    const method = some(methods.get(path), `a method ${path}`);
    const context = {
      requiresLeader: false,
      credentials: some(credentials.get(person.name), 'credentials of the person'),
    };
    try {
      await method.handle(Buffer.from(bytes), context, new AbortController().signal);
      return null;
    } catch (error) {
      if (error instanceof QuorateError) return error.code;
      throw error;
    }
  }

  async function check(person: Person, cases: readonly Case[]): Promise<void> {
    const answers = await world.settle(Promise.all(cases.map((each) => ask(person, each))));
    const told = cases.map(({ name }, index) => `${name}: ${answers[index] ?? 'done'}`);
    expect(told).toEqual(cases.map(({ name, needs }) => `${name}: ${verdict(person, needs) ?? 'done'}`));
  }

  test.each(people.map((person) => [person.name, person] as const))('keys: %s', async (_name, person) => {
    await check(person, keyCases());
  });

  test.each(people.map((person) => [person.name, person] as const))(
    'questions about users: %s',
    async (_name, person) => {
      await check(person, authReadCases());
    },
  );

  test.each(people.map((person) => [person.name, person] as const))(
    'changes of users: %s',
    async (_name, person) => {
      for (const each of authChangeCases('x')) await check(person, [each]);
    },
  );

  test('the rules tell all kinds of users apart', () => {
    const cases = [...keyCases(), ...authReadCases()];
    const verdicts = people.map((person) => cases.map(({ needs }) => verdict(person, needs)).join());
    const alike = new Map<string, string[]>();
    for (const [index, each] of verdicts.entries())
      alike.set(each, [...(alike.get(each) ?? []), some(people[index], 'a person').name]);
    const groups = [...alike.values()].filter((group) => group.length > 1);
    expect(groups).toEqual([
      ['bad token', 'deleted', 'password changed', 'reader by certificate, with a bad token'],
      ['root', 'with the role root'],
    ]);
  });

  test('root alone ends it, and then nobody needs a user or looks at a token', async () => {
    for (const person of people.filter(({ isRoot }) => !isRoot)) await check(person, [disableCase]);
    const root = some(
      people.find(({ name }) => name === 'root'),
      'a root',
    );
    await check(root, [disableCase]);
    for (const person of people) {
      const freely = [...keyCases().slice(0, 20), ...authReadCases().slice(0, 3)];
      await check(
        person,
        freely.map((each) => ({ ...each, needs: null })),
      );
    }
  });
});
