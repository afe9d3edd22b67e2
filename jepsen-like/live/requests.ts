import { etcdserverpb } from '../../src/gen/protos.js';
import { CallError, grpcCodes } from '../store/index.js';
import type { Session, Transport } from '../store/index.js';

const timeoutMs = 2000;
const maintenance = '/etcdserverpb.Maintenance';

/** What the runner itself asks members for, one by one; nothing of it is recorded. Rejects with a CallError. */
export interface MemberRequests {
  status(member: string): Promise<etcdserverpb.StatusResponse>;
  hashKv(member: string, revision: number): Promise<etcdserverpb.HashKVResponse>;
  moveLeader(leader: string, to: string): Promise<void>;
  /** Asks as this user from now on, or as nobody where no users are needed. */
  logIn(member: string, user: { readonly name: string; readonly password: string }): Promise<void>;
}

export function createMemberRequests(transport: Transport): MemberRequests {
  let token: string | null = null;

  const ask = (member: string, name: string, message: Uint8Array, limitMs = timeoutMs): Promise<Uint8Array> =>
    transport.call(member, `${maintenance}/${name}`, message, { timeoutMs: limitMs, token });

  async function status(member: string): Promise<etcdserverpb.StatusResponse> {
    const message = etcdserverpb.StatusRequest.encode({}).finish();
    return etcdserverpb.StatusResponse.decode(await ask(member, 'Status', message));
  }

  return {
    status,
    async hashKv(member, revision) {
      const message = etcdserverpb.HashKVRequest.encode({ revision }).finish();
      return etcdserverpb.HashKVResponse.decode(await ask(member, 'HashKV', message, 10 * timeoutMs));
    },
    async moveLeader(leader, to) {
      const targetID = (await status(to)).header?.memberId ?? 0;
      await ask(leader, 'MoveLeader', etcdserverpb.MoveLeaderRequest.encode({ targetID }).finish());
    },
    async logIn(member, user) {
      const message = etcdserverpb.AuthenticateRequest.encode(user).finish();
      const limits = { timeoutMs, token: null };
      try {
        const answer = await transport.call(member, '/etcdserverpb.Auth/Authenticate', message, limits);
        ({ token } = etcdserverpb.AuthenticateResponse.decode(answer));
      } catch (error) {
        if (!(error instanceof CallError) || error.code !== grpcCodes.failedPrecondition) throw error;
        token = null;
      }
    },
  };
}

/** Compacts what is so many revisions old, if there is that; answers with the revision. */
export async function compactHistory(session: Session, back: number): Promise<number | null> {
  try {
    const latest = { type: 'range', key: 'probe', rangeEnd: '', revision: 0, limit: 1 } as const;
    const { revision } = await session.request<'range'>({ ...latest, serializable: true });
    if (revision - back <= 1) return null;
    await session.request<'compact'>({ type: 'compact', revision: revision - back });
    return revision - back;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (!error.isRefusal) session.renew();
    return null;
  }
}
