import { seededRandom } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';
import { failed, toldFields, toldOf } from './answer.js';
import type { Fields, Told } from './answer.js';
import { explain } from './differences.js';
import { jsonOf } from './json.js';
import { createModel } from './model.js';
import type { Identity, Model } from './model.js';
import type { Side } from './side.js';
import { methods } from './wire.js';
import type { MethodName } from './wire.js';
import { createWatchDesk } from './watches.js';
import type { WatchDesk } from './watches.js';

/** The two systems told different things. */
export class Difference extends Error {
  override readonly name = 'Difference';

  constructor(
    readonly what: string,
    readonly theirs: string,
    readonly ours: string,
  ) {
    const [left, right] = withoutCommon(theirs.split('\n'), ours.split('\n'));
    super(`${what}\n--- etcd\n${left}\n--- the other\n${right}`);
  }
}

const contextMax = 8;

/** Lines that both begin and end with are left out, but for a few. */
function withoutCommon(theirs: readonly string[], ours: readonly string[]): readonly [string, string] {
  const size = Math.min(theirs.length, ours.length);
  let from = 0;
  while (from < size && theirs[from] === ours[from]) from += 1;
  let back = 0;
  while (back < size - from && theirs.at(-1 - back) === ours.at(-1 - back)) back += 1;
  const cut = (lines: readonly string[]): string =>
    lines.slice(Math.max(0, from - contextMax), lines.length - Math.max(0, back - contextMax)).join('\n');
  return [cut(theirs), cut(ours)];
}

export interface RunOptions {
  readonly reference: Side;
  readonly subject: Side;
  /** What this run may do: see `deeds.ts`. */
  readonly features: Features;
}

export interface Features {
  readonly leases: boolean;
  readonly watches: boolean;
  readonly auth: boolean;
  readonly maintenance: boolean;
  /** Sends some of the requests as JSON over HTTP. */
  readonly gateway: boolean;
}

export interface CallOptions {
  /** Default: the run's. */
  readonly as?: Identity;
  /** Takes out of the answers what cannot be compared, beyond ids. */
  readonly without?: (fields: Fields) => Fields;
  /** Whether a follower may answer before it knows what the others know: asked again before it counts as a difference. */
  readonly mayLag?: boolean;
  readonly overGrpc?: boolean;
}

/** Bytes, or the fields of the message for one side: ids differ. */
export type Message = Uint8Array | ((side: Side) => object);

/** One run of requests to both systems, each answered equally so far. */
export interface Run {
  readonly model: Model;
  readonly reference: Side;
  readonly subject: Side;
  readonly features: Features;
  readonly watches: WatchDesk;
  /** The member of either cluster that is asked now, by its index. */
  member: number;
  /** What was sent, the latest last. */
  readonly sent: string[];
  /** Differences that were explained, by the name of the explanation. */
  readonly explained: Map<string, number>;
  requestCount: number;
  /** Asks both. Answers with what etcd told. Throws a Difference when they told different things, none of them explained. */
  call(random: Random, method: MethodName, message: Message, options?: CallOptions): Promise<Told>;
  /** Waits until that member has what the others have. */
  catchUp(member: number): Promise<void>;
  /** Goes on with another member, once it has what the others have. */
  moveTo(member: number): Promise<void>;
  note(line: string): void;
  close(): void;
}

const sentMax = 400;
const lagTriesMax = 40;
const lagPauseMs = 25;

export function createRun({ reference, subject, features }: RunOptions): Run {
  const model = createModel();
  const sides = [reference, subject] as const;

  async function call(
    random: Random,
    name: MethodName,
    message: Message,
    options: CallOptions = {},
  ): Promise<Told> {
    const as = options.as ?? model.identity;
    const isJson = features.gateway && options.overGrpc !== true && random.chance(0.3);
    const jsonSeed = random.nextUint32();
    note(
      `${isJson ? 'JSON ' : ''}${name} ${describe(name, message, reference)} as ${nameOf(as)} by n${run.member + 1}`,
    );
    run.requestCount += 1;
    for (let tries = 1; ; tries++) {
      const [theirs, ours] = await Promise.all(
        sides.map((side) => (isJson ? askJson : ask)(side, name, message, as, jsonSeed)),
      );
      if (theirs === undefined || ours === undefined) throw new Error('two sides are asked');
      const [left, right] = [theirs, ours].map((told) => comparable(told, options.without));
      if (left === right) return theirs;
      const reason = explain({ method: name, isJson, theirs, ours, model });
      if (reason !== null) {
        run.explained.set(reason, (run.explained.get(reason) ?? 0) + 1);
        return theirs;
      }
      if (options.mayLag !== true || tries >= lagTriesMax) {
        throw new Difference(run.sent.at(-1) ?? name, left ?? '', right ?? '');
      }
      await new Promise((resolve) => setTimeout(resolve, lagPauseMs));
    }
  }

  async function ask(side: Side, name: MethodName, message: Message, as: Identity): Promise<Told> {
    const method = methods[name];
    const reply = await side
      .wire(run.member)
      .call(method.path, bytesFor(name, message, side), tokenOf(side, as));
    const told = toldOf(side, method, reply);
    if (reply.ok) keepToken(side, name, method.response.toObject(method.response.decode(reply.bytes)));
    return told;
  }

  async function askJson(
    side: Side,
    name: MethodName,
    message: Message,
    as: Identity,
    jsonSeed: number,
  ): Promise<Told> {
    const method = methods[name];
    const json = jsonOf(method.request, bytesFor(name, message, side), seededRandom(jsonSeed));
    const { status, body } = await side.wire(run.member).post(method.httpPath, json, tokenOf(side, as));
    const fields = parse(body);
    if (fields === null) return failed(`HTTP ${status}: ${body}`);
    keepToken(side, name, fields);
    const told = toldFields(side, fields);
    return status === 200 ? told : failed(`HTTP ${status}: ${told.text}`);
  }

  function keepToken(side: Side, name: MethodName, fields: Fields): void {
    if (name === 'Auth/Authenticate' && typeof fields['token'] === 'string')
      side.tokens.push(fields['token']);
  }

  function nameOf(as: Identity): string {
    return typeof as === 'number' ? `${model.tokens[as] ?? ''} (token ${as})` : as;
  }

  function note(line: string): void {
    run.sent.push(line);
    if (run.sent.length > sentMax) run.sent.shift();
  }

  async function catchUp(member: number): Promise<void> {
    // What a linearizable read waits for comes before its permission is looked at.
    const message = methods['KV/Range'].request.encode({ key: Buffer.from('any') }).finish();
    await Promise.all(sides.map((side) => side.wire(member).call(methods['KV/Range'].path, message, null)));
  }

  async function moveTo(member: number): Promise<void> {
    run.member = member;
    note(`go on with n${member + 1}`);
    await catchUp(member);
  }

  const run: Run = {
    model,
    reference,
    subject,
    features,
    watches: createWatchDesk(() => run),
    member: 0,
    sent: [],
    explained: new Map(),
    requestCount: 0,
    call,
    catchUp,
    moveTo,
    note,
    close: () => run.watches.close(),
  };
  return run;
}

export function bytesFor(name: MethodName, message: Message, side: Side): Uint8Array {
  if (message instanceof Uint8Array) return message;
  const { request } = methods[name];
  return request.encode(request.fromObject(message(side))).finish();
}

export function tokenOf(side: Side, as: Identity): string | null {
  if (as === 'nobody') return null;
  return as === 'stranger' ? 'abcdefghijklmnop.12' : (side.tokens[as] ?? 'never issued');
}

function comparable(told: Told, without: CallOptions['without']): string {
  return told.ok && without !== undefined ? JSON.stringify(without(told.fields), null, 1) : told.text;
}

function describe(name: MethodName, message: Message, side: Side): string {
  const { request } = methods[name];
  const plain = request.toObject(request.decode(bytesFor(name, message, side)), {
    longs: String,
    enums: String,
  });
  return JSON.stringify(plain, (_, value: unknown) => {
    const encoded = value as { readonly type?: unknown; readonly data?: unknown } | null;
    if (typeof encoded !== 'object' || encoded?.type !== 'Buffer') return value;
    return Buffer.from(encoded.data as number[]).toString('latin1');
  });
}

function parse(body: string): Fields | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}
