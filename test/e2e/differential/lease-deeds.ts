import type { Random } from '../../../src/base/index.js';
import type { Fields } from './answer.js';
import { pick, pickOdd } from './choice.js';
import type { Deed } from './deeds.js';
import { asRoot } from './model.js';
import type { Identity } from './model.js';
import { Difference, bytesFor, tokenOf } from './run.js';
import type { Run } from './run.js';
import { fieldsOf, toldFields } from './answer.js';
import { leaseIdOn } from './side.js';
import type { Side } from './side.js';
import { methods } from './wire.js';

/** Extremes of 64 bits, and what JavaScript's numbers cannot tell apart. */
const ids = [
  '1',
  '2',
  '77',
  '9007199254740992',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775806',
  '-1',
  '-9223372036854775808',
  '-9007199254740993',
];
const noSuchLease = ['12345', '0', '-2', '4611686018427387904'];

/** None of them ends within a run. */
const lasting = [600, 1000, 86_400];
const oddTtls = [
  '9000000000',
  '9000000001',
  '9223372036854775807',
  '-9223372036854775808',
  '0',
  '-1',
  '1',
  '3',
];
const lastingMin = 600;

export const leaseDeeds: readonly Deed[] = [
  { weight: 5, perform: grant },
  { weight: 3, perform: revoke },
  { weight: 4, perform: ask },
  { weight: 2, perform: list },
  { weight: 2, perform: keepAlive },
];

async function grant(run: Run, random: Random): Promise<void> {
  const { model } = run;
  const as = somebody(run);
  const isOdd = random.chance(0.15);
  const ttl = isOdd ? pick(random, oddTtls) : String(pick(random, lasting));
  // Which id the servers chose, their lists tell: to whoever asks, or to root, whose token may have ended.
  const isChosen = random.chance(0.1) && !model.isAuthEnabled;
  const id = isChosen ? '0' : pick(random, ids);
  const isKnown = model.leases.has(id);
  const name = isChosen ? `chosen ${++model.chosenLeaseCount}` : id;
  const told = await run.call(random, 'Lease/LeaseGrant', () => ({ TTL: ttl, ID: id }), {
    as,
    // Ids that the servers chose have no name yet.
    ...(isChosen ? { without: (fields: Fields) => ({ ...fields, ID: 'chosen' }), overGrpc: true } : {}),
  });
  if (!told.ok || isKnown) return;
  if (isChosen) {
    await Promise.all([run.reference, run.subject].map((side) => nameChosen(run, side, name)));
  }
  model.leases.set(name, { ttl: Number(told.fields['TTL']) });
  if (Number(told.fields['TTL']) < lastingMin) await end(run, random, name);
}

/** The lease without a name is the one. */
async function nameChosen(run: Run, side: Side, name: string): Promise<void> {
  const method = methods['Lease/LeaseLeases'];
  const reply = await side
    .wire(run.member)
    .call(method.path, new Uint8Array(), tokenOf(side, asRoot(run.model)));
  if (!reply.ok) throw new Error(`${side.name} does not tell its leases: ${JSON.stringify(reply)}`);
  const { leases = [] } = fieldsOf(method.response, reply.bytes) as {
    readonly leases?: readonly { ID: string }[];
  };
  const named = new Set([...side.leaseIds.values(), ...ids]);
  const [chosen] = leases.filter(({ ID }) => !named.has(ID));
  if (chosen !== undefined) side.leaseIds.set(name, chosen.ID);
}

async function revoke(run: Run, random: Random): Promise<void> {
  await end(run, random, anyLease(run, random));
}

async function end(run: Run, random: Random, lease: string): Promise<void> {
  const told = await run.call(random, 'Lease/LeaseRevoke', (side) => ({ ID: leaseIdOn(side, lease) }), {
    as: somebody(run),
  });
  if (!told.ok) return;
  run.model.leases.delete(lease);
  run.model.revision = Math.max(run.model.revision, told.revision ?? 0);
}

async function ask(run: Run, random: Random): Promise<void> {
  const lease = anyLease(run, random);
  const keys = random.chance(0.7);
  await run.call(random, 'Lease/LeaseTimeToLive', (side) => ({ ID: leaseIdOn(side, lease), keys }), {
    without: withoutRest,
    mayLag: true,
    as: asRoot(run.model),
  });
}

async function list(run: Run, random: Random): Promise<void> {
  await run.call(random, 'Lease/LeaseLeases', () => ({}), { mayLag: true, as: asRoot(run.model) });
}

/** What is left changes by the second, and etcd tells attached keys in no order. */
function withoutRest(fields: Fields): Fields {
  const { TTL: ttl, keys, ...rest } = fields;
  const sorted = Array.isArray(keys) ? [...(keys as readonly string[])].sort() : keys;
  return { ...rest, keys: sorted, TTL: Number(ttl) > 0 ? 'some' : ttl };
}

/** One lease after another on one stream, as a client does it that has many. */
async function keepAlive(run: Run, random: Random): Promise<void> {
  const leases = Array.from({ length: 1 + random.below(3) }, () => anyLease(run, random));
  const as = asRoot(run.model);
  run.note(`Lease/LeaseKeepAlive ${leases.join(', ')} as ${String(as)} by n${run.member + 1}`);
  run.requestCount += leases.length;
  const [theirs, ours] = await Promise.all(
    [run.reference, run.subject].map((side) => keepAliveOn(run, side, leases, as)),
  );
  if (theirs === ours) return;
  if (/invalid auth token|user name is empty|permission denied/.test(ours ?? '')) {
    const reason = 'who may renew leases';
    run.explained.set(reason, (run.explained.get(reason) ?? 0) + 1);
    return;
  }
  throw new Difference(run.sent.at(-1) ?? '', theirs ?? '', ours ?? '');
}

function keepAliveOn(run: Run, side: Side, leases: readonly string[], as: Identity): Promise<string> {
  const method = methods['Lease/LeaseKeepAlive'];
  return new Promise((resolve) => {
    const answers: string[] = [];
    const stream = side.wire(run.member).open(method.path, tokenOf(side, as), {
      onMessage(bytes) {
        answers.push(toldFields(side, fieldsOf(method.response, bytes)).text);
        const next = leases[answers.length];
        if (next === undefined) stream.finish();
        else send(next);
      },
      onEnd: (code, sentence) => resolve([...answers, `code ${code}: ${sentence}`].join('\n')),
    });
    const send = (lease: string): void => {
      stream.send(bytesFor('Lease/LeaseKeepAlive', () => ({ ID: leaseIdOn(side, lease) }), side));
    };
    send(leases[0] ?? '0');
  });
}

/** etcd 3.4 asks for no user here, and later ones do. Who may see and renew what, they have changed since, too: root may. */
function somebody({ model }: Run): Identity {
  return typeof model.identity === 'number' ? model.identity : asRoot(model);
}

function anyLease({ model }: Run, random: Random): string {
  const known = [...model.leases.keys()];
  return known.length === 0 ? pick(random, noSuchLease) : pickOdd(random, known, noSuchLease);
}
