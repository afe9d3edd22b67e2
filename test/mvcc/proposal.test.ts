import { expect, it } from 'vitest';
import type { Caller, Command } from '../../src/mvcc/index.js';
import { createHarness } from './harness.js';
import type { Harness } from './harness.js';
import { alarm, grant, put, range, revoke } from './requests.js';

const nobody: Caller = { user: '', authRevision: 0 };
const denied = { ok: false, error: 'permission-denied' };

/** Users are needed: root, and ann, who may write what begins with `a`. */
async function guarded(): Promise<Harness & { readonly ann: Caller; readonly root: Caller }> {
  const harness = await createHarness();
  const commands: Command[] = [
    { type: 'user-add', user: 'root', hash: 'r', noPassword: false },
    { type: 'user-grant-role', user: 'root', role: 'root' },
    { type: 'user-add', user: 'ann', hash: 'a', noPassword: false },
    { type: 'role-add', role: 'writer' },
    {
      type: 'role-grant-permission',
      role: 'writer',
      permission: { permission: 'write', key: 'a', rangeEnd: 'b' },
    },
    { type: 'user-grant-role', user: 'ann', role: 'writer' },
    { type: 'auth-enable' },
  ];
  for (const command of commands) expect(harness.done(command)).toEqual({ type: 'auth', revision: 1 });
  const { revision: authRevision } = harness.machine.auth;
  return Object.assign(harness, { ann: { user: 'ann', authRevision }, root: { user: 'root', authRevision } });
}

it('is applied only if its caller may do that', async () => {
  const { apply, ann, root, machine } = await guarded();
  expect(apply(put('a1', ''), ann)).toMatchObject({ ok: true });
  expect(apply(put('b1', ''), ann)).toEqual(denied);
  expect(apply(put('a1', ''), nobody)).toEqual({ ok: false, error: 'user-empty' });
  expect(apply({ type: 'auth-disable' }, ann)).toEqual(denied);
  expect(apply(put('b1', ''), root)).toMatchObject({ ok: true });
  expect(apply(put('b1', ''))).toMatchObject({ ok: true });
  expect(machine).toMatchObject({ revision: 4, keyCount: 2, auth: { enabled: true } });
});

it('with a lease asks about the keys that hang on it now', async () => {
  const { apply, ann } = await guarded();
  apply(grant(1n));
  expect(apply(put('a1', '', { lease: 1n }), ann)).toMatchObject({ ok: true });
  apply(put('b1', '', { lease: 1n }));
  expect(apply(put('a1', '', { lease: 1n }), ann)).toEqual(denied);
  expect(apply(revoke(1n), ann)).toEqual(denied);
  apply(put('b1', ''));
  expect(apply(revoke(1n), ann)).toMatchObject({ ok: true });
});

it('that an alarm forbids is refused for that, whoever asks', async () => {
  const { apply, ann } = await guarded();
  apply(alarm('activate', 'no-space'));
  expect(apply(put('b1', ''), ann)).toEqual({ ok: false, error: 'no-space' });
});

it('that is refused leaves everything as it was', async () => {
  const harness = await guarded();
  const { apply, ann, machine } = harness;
  const { revision } = machine.auth;
  apply({ type: 'user-add', user: 'ann', hash: 'x', noPassword: false });
  apply({ type: 'auth-enable' }, ann);
  expect(machine).toMatchObject({ revision: 1, auth: { revision, enabled: true } });
  expect(machine.auth.user('ann')?.hash).toBe('a');
});

it('is judged the same after a restart, from the store or from the log', async () => {
  for (const replay of [true, false]) {
    const harness = await guarded();
    if (!replay) await harness.machine.flush();
    await harness.restart({ replay });
    expect(harness.machine.auth).toMatchObject({ enabled: true, revision: 7 });
    expect(harness.apply(put('b1', ''), harness.ann)).toEqual(denied);
    expect(harness.machine.auth.checkRead(harness.ann, range('a1'))).toBe('permission-denied');
  }
});
