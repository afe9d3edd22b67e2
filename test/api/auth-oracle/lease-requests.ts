import { etcdserverpb as pb } from '../../../src/gen/protos.js';
import { adding, bytes, everywhere } from './key-requests.js';
import type { Case, Step } from './key-requests.js';
import type { Keys } from './people.js';
import type { Need } from './rules.js';

/** Leases, and the keys that hang on them. */
export const leases: readonly { readonly id: number; readonly keys: readonly string[]; readonly as: Keys }[] =
  [
    { id: 71, keys: [], as: '' },
    { id: 72, keys: ['cc'], as: 'C' },
    { id: 73, keys: ['e', 'h'], as: 'eh' },
  ];
const leased = leases.map(({ as }) => as).join('');

/** Who binds a key to a lease has the lease's other keys in hand. */
export function putCases(): readonly Case[] {
  const steps = leases.map(({ id, as }): Step => {
    const requestPut = { key: bytes('d'), value: bytes('v'), lease: id };
    return {
      name: `put d with lease ${id}`,
      plain: { path: '/etcdserverpb.KV/Put', bytes: pb.PutRequest.encode(requestPut).finish() },
      within: adding({ request: 'requestPut', requestPut }),
      needs: [
        { right: 'write', keys: 'd' },
        { right: 'write', keys: as },
      ],
    };
  });
  return everywhere(steps);
}

export function leaseCases(): readonly Case[] {
  return [
    call('LeaseGrant', '', pb.LeaseGrantRequest.encode({ TTL: 100 }).finish(), ['somebody']),
    call('LeaseLeases', '', pb.LeaseLeasesRequest.encode({}).finish(), seeing(leased)),
    ...leases.flatMap(({ id: ID, as }) => [
      call('LeaseTimeToLive', ` ${ID}`, pb.LeaseTimeToLiveRequest.encode({ ID }).finish(), ['somebody']),
      call(
        'LeaseTimeToLive',
        ` ${ID} with keys`,
        pb.LeaseTimeToLiveRequest.encode({ ID, keys: true }).finish(),
        seeing(as),
      ),
      call('LeaseKeepAlive', ` ${ID}`, pb.LeaseKeepAliveRequest.encode({ ID }).finish(), having(as)),
    ]),
  ];
}

/** Ends each: what comes after has to grant them anew. */
export function revokeCases(): readonly Case[] {
  return leases.map(({ id: ID, as }) =>
    call('LeaseRevoke', ` ${ID}`, pb.LeaseRevokeRequest.encode({ ID }).finish(), having(as)),
  );
}

function call(method: string, name: string, request: Uint8Array, needs: readonly Need[]): Case {
  return { name: `${method}${name}`, path: `/etcdserverpb.Lease/${method}`, bytes: request, needs };
}

function seeing(keys: Keys): readonly Need[] {
  return ['somebody', { right: 'read', keys }];
}

function having(keys: Keys): readonly Need[] {
  return ['somebody', { right: 'write', keys }];
}
