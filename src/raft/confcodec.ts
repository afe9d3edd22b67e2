import { assert, asBuffer, at } from '../base/index.js';
import type { ConfigurationChange, ConfigurationStep } from './types.js';

/*
 * The bytes of a configuration entry. Frozen: they live in logs on disk.
 *
 *   data        = version kind body
 *   version     = 01
 *   kind        = 01 (change) | 02 (leave-joint)
 *   change      = count step{count} context        count: one byte, 1 … 255; context: all that remains
 *   step        = action length node               action: 01 add-voter, 02 add-learner, 03 remove
 *                                                   length: one byte, 1 … 255; node: that many bytes of UTF-8
 *   leave-joint = nothing
 *
 * Example: add the learner "b" and remove "a", with the context ff:
 *
 *   01 01 02  02 01 62  03 01 61  ff
 */

const version = 1;
const kindChange = 1;
const kindLeaveJoint = 2;
const actions: readonly ConfigurationStep['type'][] = ['add-voter', 'add-learner', 'remove'];
const bytesMax = 255;

export function encodeConfigurationChange(change: ConfigurationChange): Uint8Array {
  if (change.type === 'leave-joint') return Uint8Array.of(version, kindLeaveJoint);
  assert(isEncodable(change), 'a change has 1 to 255 steps, and a node a name of 1 to 255 bytes');
  const parts: Uint8Array[] = [Uint8Array.of(version, kindChange, change.steps.length)];
  for (const step of change.steps) {
    const node = Buffer.from(step.node, 'utf8');
    parts.push(Uint8Array.of(actions.indexOf(step.type) + 1, node.length), node);
  }
  parts.push(change.context);
  return Buffer.concat(parts);
}

/** Whether the change fits the format: steps and names are counted in one byte. */
export function isEncodable(change: ConfigurationChange): boolean {
  if (change.type === 'leave-joint') return true;
  if (change.steps.length < 1 || change.steps.length > bytesMax) return false;
  return change.steps.every(({ node }) => {
    const name = Buffer.from(node, 'utf8');
    return name.length >= 1 && name.length <= bytesMax && name.toString('utf8') === node;
  });
}

/** What the bytes say, or null where they are malformed. `context` shares their memory. */
export function decodeConfigurationChange(data: Uint8Array): ConfigurationChange | null {
  if (data[0] !== version) return null;
  if (data[1] === kindLeaveJoint) return data.length === 2 ? { type: 'leave-joint' } : null;
  const count = data[2];
  if (data[1] !== kindChange || count === undefined || count === 0) return null;

  const steps: ConfigurationStep[] = [];
  let offset = 3;
  for (let number = 0; number < count; number++) {
    const action = data[offset];
    const length = data[offset + 1];
    if (action === undefined || action < 1 || action > actions.length) return null;
    if (length === undefined || length === 0 || offset + 2 + length > data.length) return null;
    const name = data.subarray(offset + 2, offset + 2 + length);
    const node = asBuffer(name).toString('utf8');
    if (Buffer.compare(Buffer.from(node, 'utf8'), name) !== 0) return null; // Not UTF-8: two names could become one.
    steps.push({ type: at(actions, action - 1), node });
    offset += 2 + length;
  }
  return { type: 'change', steps, context: data.subarray(offset) };
}
