import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configurationProblem, isJoint } from '../../src/raft/configuration.js';
import {
  changeConfiguration,
  decodeConfigurationChange,
  describeChange,
  describeConfiguration,
  emptyConfiguration,
  encodeConfigurationChange,
} from '../../src/raft/index.js';
import type { Configuration, ConfigurationChange, ConfigurationStep, NodeId } from '../../src/raft/index.js';
import { voteResult } from '../../src/raft/quorum.js';
import { configurationOf } from './cluster.js';

const nodes = ['1', '2', '3', '4', '5'];
const nothing = new Uint8Array(0);
const stepTypes = ['add-voter', 'add-learner', 'remove'] as const;
const steps: fc.Arbitrary<ConfigurationStep> = fc.record({
  type: fc.constantFrom(...stepTypes),
  node: fc.constantFrom(...nodes),
});
const changes: fc.Arbitrary<ConfigurationChange> = fc
  .oneof(
    { weight: 4, arbitrary: fc.record({ steps: fc.array(steps, { maxLength: 4 }) }) },
    { weight: 1, arbitrary: fc.constant(null) },
  )
  .map((change) =>
    change === null ? { type: 'leave-joint' } : { type: 'change', context: nothing, ...change },
  );

function changeOf(...list: readonly [ConfigurationStep['type'], NodeId][]): ConfigurationChange {
  return { type: 'change', steps: list.map(([type, node]) => ({ type, node })), context: nothing };
}

function after(before: Configuration, change: ConfigurationChange): string {
  const result = changeConfiguration(before, change);
  return result.type === 'changed'
    ? describeConfiguration(result.configuration)
    : `refused: ${result.problem}`;
}

/** All sets of nodes that can decide. */
function quorums(configuration: Configuration): readonly (readonly NodeId[])[] {
  const sets: NodeId[][] = [];
  for (let bits = 0; bits < 2 ** nodes.length; bits++)
    sets.push(nodes.filter((_, place) => (bits >> place) % 2 === 1));
  return sets.filter((set) => voteResult(configuration, new Map(set.map((node) => [node, true]))) === 'won');
}

describe('a configuration change', () => {
  const before = configurationOf(['1', '2', '3'], ['4']);
  const joint: Configuration = {
    ...configurationOf(['1', '4']),
    outgoing: ['1', '2', '3'],
    learnersNext: ['3'],
  };

  test.each([
    ['adds a voter', changeOf(['add-voter', '5']), '(1 2 3 5) learners (4)'],
    ['promotes a learner', changeOf(['add-voter', '4']), '(1 2 3 4)'],
    ['adds a learner', changeOf(['add-learner', '5']), '(1 2 3) learners (4 5)'],
    ['demotes a voter', changeOf(['add-learner', '3']), '(1 2) learners (3 4)'],
    ['removes a voter', changeOf(['remove', '1']), '(2 3) learners (4)'],
    ['removes a learner', changeOf(['remove', '4']), '(1 2 3)'],
    ['says again what is', changeOf(['add-voter', '1']), '(1 2 3) learners (4)'],
    ['of two steps is joint', changeOf(['add-voter', '4'], ['remove', '1']), '(2 3 4)&(1 2 3)'],
    [
      'that demotes jointly',
      changeOf(['add-learner', '3'], ['add-voter', '5']),
      '(1 2 5)&(1 2 3) learners (4) next (3)',
    ],
    ['without a step', changeOf(), 'refused: there is no step'],
    ['of one node twice', changeOf(['add-voter', '5'], ['remove', '5']), 'refused: two steps name one node'],
    ['of a stranger', changeOf(['remove', '9']), 'refused: a node to remove is no member'],
    [
      'that leaves nobody',
      changeOf(['remove', '1'], ['remove', '2'], ['remove', '3']),
      'refused: no voter would be left',
    ],
    [
      'that leaves what is not joint',
      { type: 'leave-joint' } as const,
      'refused: the configuration is not joint',
    ],
  ])('%s', (_, change, expected) => {
    expect(after(before, change)).toBe(expected);
  });

  test('leaving a joint configuration keeps the new voters and makes the learners that waited', () => {
    expect(after(joint, { type: 'leave-joint' })).toBe('(1 4) learners (3)');
    expect(after(joint, changeOf(['add-voter', '5']))).toBe('refused: the configuration is joint already');
  });

  test('of a valid configuration is valid, and every quorum before shares a member with every quorum after', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 8 }), (list) => {
        let current = configurationOf(['1', '2', '3']);
        for (const change of list) {
          const result = changeConfiguration(current, change);
          if (result.type === 'refused') continue;
          const next = result.configuration;
          expect(configurationProblem(next)).toBeNull();
          const disjoint = quorums(current).some((one) =>
            quorums(next).some((other) => !one.some((node) => other.includes(node))),
          );
          expect(disjoint).toBe(false);
          if (change.type === 'change') expect(isJoint(next)).toBe(change.steps.length > 1);
          current = next;
        }
      }),
      { numRuns: 100 },
    );
  });

  test.each<[string, Partial<Configuration>]>([
    ['a list is not sorted, has a node twice or an empty name', { voters: ['2', '1'] }],
    ['a list is not sorted, has a node twice or an empty name', { voters: ['1', '1'] }],
    ['a list is not sorted, has a node twice or an empty name', { voters: [''] }],
    ['there is no voter', { learners: ['1'] }],
    ['a learner votes', { voters: ['1'], learners: ['1'] }],
    ['a learner to be is no outgoing voter', { voters: ['1'], learnersNext: ['2'] }],
    ['a learner to be stays a voter', { voters: ['1'], outgoing: ['1'], learnersNext: ['1'] }],
  ])('what is wrong: %s', (problem, lists) => {
    expect(configurationProblem({ ...emptyConfiguration, ...lists })).toBe(problem);
  });
});

describe('the bytes of a configuration entry', () => {
  test('are these, for ever', () => {
    const change: ConfigurationChange = {
      type: 'change',
      steps: [
        { type: 'add-learner', node: 'b' },
        { type: 'remove', node: 'a' },
        { type: 'add-voter', node: 'é' },
      ],
      context: Uint8Array.of(0xff),
    };
    expect(Buffer.from(encodeConfigurationChange(change)).toString('hex')).toBe(
      '010103020162030161' + '0102c3a9' + 'ff',
    );
    expect(Buffer.from(encodeConfigurationChange({ type: 'leave-joint' })).toString('hex')).toBe('0102');
    expect(describeChange(change)).toBe('~b -a +é');
  });

  test('say again what was encoded', () => {
    const names = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
    const step = fc.record({ type: fc.constantFrom(...stepTypes), node: names });
    const list = fc.array(step, { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(list, fc.uint8Array(), (some, context) => {
        const decoded = decodeConfigurationChange(
          encodeConfigurationChange({ type: 'change', steps: some, context }),
        );
        if (decoded?.type !== 'change') throw new Error('a change stays one');
        expect(decoded.steps).toEqual(some);
        expect(Buffer.compare(decoded.context, context)).toBe(0);
      }),
    );
  });

  test.each([
    '',
    '00',
    '01',
    '0103',
    '0201',
    '010200',
    '0101',
    '010100',
    '010101',
    '01010104',
    '0101010100',
    '0101010105',
    '01010101026',
    '0101010101ff',
    '0101020101',
    '01010201013101',
  ])('malformed: %s', (hex) => {
    expect(decodeConfigurationChange(Buffer.from(hex, 'hex'))).toBeNull();
  });

  test('of any kind never throw, and what they mean is written the same way', () => {
    const likely = fc.tuple(
      fc.constantFrom('01', '0101', '010101', '01010101', '0102'),
      fc.uint8Array({ maxLength: 12 }),
    );
    const bytes = likely.map(([head, rest]) => Buffer.concat([Buffer.from(head, 'hex'), rest]));
    fc.assert(
      fc.property(bytes, (data) => {
        const change = decodeConfigurationChange(data);
        if (change !== null) expect(Buffer.compare(encodeConfigurationChange(change), data)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('that do not fit the format are refused before', () => {
    expect(() => encodeConfigurationChange(changeOf(['add-voter', '']))).toThrow('name of 1 to 255 bytes');
    expect(() => encodeConfigurationChange(changeOf(['add-voter', 'x'.repeat(256)]))).toThrow(
      'name of 1 to 255 bytes',
    );
  });
});
