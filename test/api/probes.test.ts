import { describe, expect, it } from 'vitest';
import { QuorateError } from '../../src/base/index.js';
import type { Member, MemberStatus } from '../../src/member/index.js';
import { request, serveApi } from './serve.js';
import type { HttpAnswer } from './serve.js';
import { stubMember } from './stub-member.js';

async function get(
  path: string,
  overrides: Partial<Omit<Member, 'status'>> = {},
  status: Partial<MemberStatus> = {},
): Promise<HttpAnswer> {
  const { address } = await serveApi(stubMember(overrides, status));
  return request(address + path);
}

const alarmed = (alarm: 'no-space' | 'corrupt'): Partial<Member> => ({
  maintenance: { ...stubMember().maintenance, alarms: () => [{ memberId: 'a1', alarm }] },
});

/** Reads from itself, but not from the cluster. */
const cutOff: Partial<Member> = {
  range: async (asked) => {
    if (!asked.serializable) throw new QuorateError('no-leader', 'etcdserver: no leader');
    return stubMember().range(asked);
  },
};

describe('/health', () => {
  it('says true as text, as etcd does', async () => {
    const { status, text } = await get('/health');
    expect([status, JSON.parse(text)]).toEqual([200, { health: 'true', reason: '' }]);
  });

  it('says false without a leader, and when it cannot read', async () => {
    const leaderless = await get('/health', {}, { leader: null });
    expect([leaderless.status, JSON.parse(leaderless.text)]).toEqual([
      503,
      { health: 'false', reason: 'RAFT NO LEADER' },
    ]);
    expect((await get('/health', cutOff)).status).toBe(503);
    expect((await get('/health?serializable=true', cutOff)).status).toBe(200);
  });

  it('says false while an alarm is raised that was not excluded', async () => {
    const { status, text } = await get('/health', alarmed('no-space'));
    expect([status, JSON.parse(text)]).toEqual([503, { health: 'false', reason: 'ALARM NOSPACE' }]);
    expect((await get('/health?exclude=NOSPACE', alarmed('no-space'))).status).toBe(200);
    expect((await get('/health?exclude=NOSPACE', alarmed('corrupt'))).status).toBe(503);
  });

  it('is for reading only', async () => {
    const { address } = await serveApi(stubMember());
    const { status, headers } = await request(`${address}/health`, { method: 'POST' });
    expect([status, headers.get('allow')]).toEqual([405, 'GET']);
  });
});

describe('/livez and /readyz', () => {
  it('say ok', async () => {
    expect((await get('/livez')).text).toBe('ok\n');
    expect((await get('/readyz')).text).toBe('ok\n');
  });

  it('name each check when asked to', async () => {
    expect((await get('/readyz?verbose')).text).toBe(
      '[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\n' +
        'readyz check passed\n',
    );
  });

  it('tell a member that is cut off, which is alive, from one that is not', async () => {
    expect((await get('/livez', cutOff)).status).toBe(200);
    const { status, text } = await get('/readyz', cutOff);
    expect(status).toBe(503);
    expect(text).toContain('[-]linearizable_read failed: etcdserver: no leader');
    expect((await get('/readyz?exclude=linearizable_read', cutOff)).status).toBe(200);
    expect((await get('/readyz/linearizable_read', cutOff)).status).toBe(503);
    expect((await get('/readyz/serializable_read', cutOff)).status).toBe(200);
    expect((await get('/readyz/nothing', cutOff)).status).toBe(404);
  });

  it('are not passed by a learner, or while members disagree about their data', async () => {
    expect((await get('/readyz', {}, { isLearner: true })).status).toBe(503);
    expect((await get('/readyz', alarmed('corrupt'))).status).toBe(503);
  });
});
