import type {
  Alarm,
  AuthCommand,
  Command,
  CommandResponse,
  Compare,
  DeleteRangeRequest,
  KeyRange,
  KeyValue,
  Lease,
  LeaseRevoke,
  MemberAttributes,
  Outcome,
  PutRequest,
  RangeRequest,
  RangeResponse,
  TxnOperation,
  TxnOperationResponse,
  TxnRequest,
  TxnResponse,
} from '../../src/mvcc/index.js';

type Error = Extract<Outcome<never>, { ok: false }>['error'];

/** What the twin knows: it has neither members nor users. */
export type TwinCommand = Exclude<Command, AuthCommand | MemberAttributes>;

interface Record {
  readonly main: number;
  readonly key: string;
  /** Null: a tombstone. */
  readonly kv: KeyValue | null;
}

/**
 * The naive twin of the state machine: a list of all records ever made, searched from one end to the other. Written from
 * the contract, not from the implementation.
 */
export class Twin {
  records: Record[] = [];
  revision = 1;
  compactRevision = -1;
  term = 1;
  leases: Lease[] = [];
  alarms: Alarm[] = [];

  apply(command: TwinCommand): Outcome<CommandResponse> {
    const error = this.refuseByAlarm(command);
    if (error !== null) return { ok: false, error };
    switch (command.type) {
      case 'put':
        return this.single(command, this.refusePut(command, 'lease first'));
      case 'delete-range':
        return this.single(command, null);
      case 'txn':
        return this.applyTxn(command);
      case 'compact':
        if (command.revision <= this.compactRevision) return { ok: false, error: 'compacted' };
        if (command.revision > this.revision) return { ok: false, error: 'future-revision' };
        this.compactRevision = command.revision;
        return { ok: true, value: { type: 'compact', revision: this.revision } };
      case 'lease-grant':
        if (this.lease(command.id) !== undefined) return { ok: false, error: 'lease-exists' };
        this.leases.push({ id: command.id, ttlSeconds: command.ttlSeconds, remainingTtlSeconds: 0 });
        return { ok: true, value: { type: 'lease-grant', revision: this.revision } };
      case 'lease-revoke':
        return this.revoke(command);
      case 'lease-checkpoint':
        if (command.onlyInTerm > 0 && command.onlyInTerm !== this.term)
          return { ok: false, error: 'leader-changed' };
        for (const { id, remainingTtlSeconds } of command.leases) {
          this.leases = this.leases.map((lease) =>
            lease.id === id ? { ...lease, remainingTtlSeconds } : lease,
          );
        }
        return { ok: true, value: { type: 'lease-checkpoint', revision: this.revision } };
      case 'alarm': {
        const { memberId, alarm, action } = command;
        const others = this.alarms.filter((each) => each.memberId !== memberId || each.alarm !== alarm);
        const isKnown = others.length < this.alarms.length;
        this.alarms = action === 'activate' ? [...others, { memberId, alarm }] : others;
        const alarms = action === 'activate' || isKnown ? [{ memberId, alarm }] : [];
        return { ok: true, value: { type: 'alarm', revision: this.revision, alarms } };
      }
    }
  }

  /** What hangs on each lease, in order of the ids. */
  boundKeys(): [Lease, string[]][] {
    const alive = this.state({ key: '', rangeEnd: '\0' }, this.revision);
    return this.leases
      .toSorted((a, b) => Number(BigInt.asIntN(64, a.id) > BigInt.asIntN(64, b.id)) - 0.5)
      .map((lease) => [lease, alive.filter((kv) => kv.lease === lease.id).map((kv) => kv.key)]);
  }

  range(request: RangeRequest): Outcome<RangeResponse> {
    if (request.revision > this.revision) return { ok: false, error: 'future-revision' };
    if (request.revision > 0 && request.revision < this.compactRevision)
      return { ok: false, error: 'compacted' };
    return { ok: true, value: this.read(request, this.revision) };
  }

  /** The key-values alive in the range at a revision, in key order. */
  state(range: KeyRange, revision: number): KeyValue[] {
    const latest = new Map<string, KeyValue | null>();
    for (const record of this.records) {
      if (record.main <= revision && contains(range, record.key)) latest.set(record.key, record.kv);
    }
    const alive = [...latest.values()].filter((kv) => kv !== null);
    return alive.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  readTxn(request: TxnRequest): Outcome<TxnResponse> {
    const error = this.refuseTxn(request);
    if (error !== null) return { ok: false, error };
    return { ok: true, value: this.runTxn(request, this.planned(request), this.revision + 1) };
  }

  private lease(id: bigint): Lease | undefined {
    return this.leases.find((lease) => lease.id === id);
  }

  private revoke({ id, onlyInTerm }: LeaseRevoke): Outcome<CommandResponse> {
    if (onlyInTerm > 0 && onlyInTerm !== this.term) return { ok: false, error: 'leader-changed' };
    if (this.lease(id) === undefined) return { ok: false, error: 'lease-not-found' };
    const main = this.revision + 1;
    const bound = this.boundKeys().find(([lease]) => lease.id === id)?.[1] ?? [];
    for (const key of bound) this.records.push({ main, key, kv: null });
    this.leases = this.leases.filter((lease) => lease.id !== id);
    this.commit(main);
    return { ok: true, value: { type: 'lease-revoke', revision: this.revision } };
  }

  private refuseByAlarm(command: TwinCommand): Error | null {
    const isRaised = (name: Alarm['alarm']): boolean => this.alarms.some(({ alarm }) => alarm === name);
    const isFree = ['alarm', 'lease-checkpoint'].includes(command.type);
    if (isRaised('corrupt') && !isFree) return 'corrupt';
    const operations = command.type === 'txn' ? everyOperation(command) : [command];
    const grows = operations.some(({ type }) => type === 'put' || type === 'lease-grant');
    return isRaised('no-space') && grows ? 'no-space' : null;
  }

  private single(request: PutRequest | DeleteRangeRequest, error: Error | null): Outcome<CommandResponse> {
    if (error !== null) return { ok: false, error };
    const main = this.revision + 1;
    const response = request.type === 'put' ? this.put(request, main) : this.deleteRange(request, main);
    this.commit(main);
    return { ok: true, value: response };
  }

  private applyTxn(request: TxnRequest): Outcome<TxnResponse> {
    const error = this.refuseTxn(request);
    if (error !== null) return { ok: false, error };
    const main = this.revision + 1;
    const response = this.runTxn(request, this.planned(request), main);
    this.commit(main);
    return { ok: true, value: response };
  }

  private commit(main: number): void {
    if (this.records.at(-1)?.main === main) this.revision = main;
  }

  private now(main: number): number {
    return this.records.at(-1)?.main === main ? main : main - 1;
  }

  private put(request: PutRequest, main: number): TxnOperationResponse & { type: 'put' } {
    const before = this.state({ key: request.key, rangeEnd: null }, main)[0];
    const kv: KeyValue = {
      key: request.key,
      createRevision: before?.createRevision ?? main,
      modRevision: main,
      version: (before?.version ?? 0) + 1,
      value: request.ignoreValue ? (before?.value ?? new Uint8Array(0)) : request.value,
      lease: request.ignoreLease ? (before?.lease ?? 0n) : request.lease,
    };
    this.records.push({ main, key: request.key, kv });
    return { type: 'put', revision: main, previous: request.prevKv ? (before ?? null) : null };
  }

  private deleteRange(
    request: DeleteRangeRequest,
    main: number,
  ): TxnOperationResponse & { type: 'delete-range' } {
    const doomed = this.state(request, main);
    for (const { key } of doomed) this.records.push({ main, key, kv: null });
    const previous = request.prevKv ? doomed : [];
    return { type: 'delete-range', revision: this.now(main), deleted: doomed.length, previous };
  }

  private read(request: RangeRequest, current: number): RangeResponse {
    const all = this.state(request, request.revision > 0 ? request.revision : current);
    const response = { type: 'range' as const, revision: current, count: all.length };
    if (request.countOnly) return { ...response, kvs: [], more: false };
    // etcd reads one more than the limit, in key order, when no order is asked for, even if a sort target is.
    const early = request.limit > 0 && request.sortOrder === 'none' && !filters(request);
    let kvs = (early ? all.slice(0, request.limit + 1) : all).filter(
      (kv) =>
        (request.minModRevision === 0 || kv.modRevision >= request.minModRevision) &&
        (request.maxModRevision === 0 || kv.modRevision <= request.maxModRevision) &&
        (request.minCreateRevision === 0 || kv.createRevision >= request.minCreateRevision) &&
        (request.maxCreateRevision === 0 || kv.createRevision <= request.maxCreateRevision),
    );
    const by = (kv: KeyValue): number | Uint8Array | string => {
      if (request.sortTarget === 'version') return kv.version;
      if (request.sortTarget === 'create') return kv.createRevision;
      if (request.sortTarget === 'mod') return kv.modRevision;
      return request.sortTarget === 'value' ? Buffer.from(kv.value).toString('latin1') : kv.key;
    };
    const sign = request.sortOrder === 'descend' ? -1 : 1;
    kvs.sort((a, b) => (by(a) < by(b) ? -sign : by(a) > by(b) ? sign : 0));
    const more = request.limit > 0 && kvs.length > request.limit;
    if (more) kvs = kvs.slice(0, request.limit);
    if (request.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: new Uint8Array(0) }));
    return { ...response, kvs, more };
  }

  private planned(request: TxnRequest): Map<TxnRequest, boolean> {
    const plan = new Map<TxnRequest, boolean>();
    const visit = (txn: TxnRequest): void => {
      const succeeded = txn.compare.every((compare) => this.holds(compare));
      plan.set(txn, succeeded);
      for (const operation of succeeded ? txn.success : txn.failure) {
        if (operation.type === 'txn') visit(operation);
      }
    };
    visit(request);
    return plan;
  }

  private refuseTxn(request: TxnRequest): Error | null {
    const plan = this.planned(request);
    const path: Exclude<TxnOperation, TxnRequest>[] = [];
    const visit = (txn: TxnRequest): void => {
      for (const operation of plan.get(txn) === true ? txn.success : txn.failure) {
        if (operation.type === 'txn') visit(operation);
        else path.push(operation);
      }
    };
    visit(request);
    for (const operation of path) {
      const error = operation.type === 'put' ? this.refusePut(operation, 'key first') : null;
      if (error !== null) return error;
    }
    for (const operation of path) {
      if (operation.type !== 'range' || operation.revision === 0) continue;
      if (operation.revision > this.revision) return 'future-revision';
      if (operation.revision < this.compactRevision) return 'compacted';
    }
    return null;
  }

  private refusePut(put: PutRequest, order: 'lease first' | 'key first'): Error | null {
    const keeps = put.ignoreValue || put.ignoreLease;
    const missing = keeps && this.state({ key: put.key, rangeEnd: null }, this.revision).length === 0;
    const unbound = put.lease !== 0n && this.lease(put.lease) === undefined;
    if (order === 'lease first') return unbound ? 'lease-not-found' : missing ? 'key-not-found' : null;
    return missing ? 'key-not-found' : unbound ? 'lease-not-found' : null;
  }

  private runTxn(request: TxnRequest, plan: Map<TxnRequest, boolean>, main: number): TxnResponse {
    const succeeded = plan.get(request) === true;
    const responses = (succeeded ? request.success : request.failure).map(
      (operation): TxnOperationResponse => {
        if (operation.type === 'range') return this.read(operation, this.now(main));
        if (operation.type === 'put') return this.put(operation, main);
        if (operation.type === 'delete-range') return this.deleteRange(operation, main);
        if (operation.type === 'txn') return this.runTxn(operation, plan, main);
        throw new Error('the twin gets no empty operations');
      },
    );
    return { type: 'txn', revision: this.now(main), succeeded, responses };
  }

  private holds({ key, rangeEnd, target, result }: Compare): boolean {
    const kvs = this.state({ key, rangeEnd }, this.revision);
    if (kvs.length === 0 && target.type === 'value') return false;
    const nothing = {
      key,
      createRevision: 0,
      modRevision: 0,
      version: 0,
      value: new Uint8Array(0),
      lease: 0n,
    };
    return (kvs.length === 0 ? [nothing] : kvs).every((kv) => {
      const [actual, wanted] = {
        version: () => [kv.version, target.type === 'version' ? target.version : 0],
        create: () => [kv.createRevision, target.type === 'create' ? target.revision : 0],
        mod: () => [kv.modRevision, target.type === 'mod' ? target.revision : 0],
        lease: () => [kv.lease, target.type === 'lease' ? target.lease : 0n],
        value: () => [latin1(kv.value), target.type === 'value' ? latin1(target.value) : ''],
      }[target.type]() as [number, number];
      if (result === 'equal') return actual === wanted;
      if (result === 'not-equal') return actual !== wanted;
      return result === 'greater' ? actual > wanted : actual < wanted;
    });
  }
}

function everyOperation({ success, failure }: TxnRequest): TxnOperation[] {
  return [...success, ...failure].flatMap((operation) =>
    operation.type === 'txn' ? everyOperation(operation) : [operation],
  );
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function contains({ key, rangeEnd }: KeyRange, candidate: string): boolean {
  if (rangeEnd === null) return candidate === key;
  return candidate >= key && (rangeEnd === '\0' || candidate < rangeEnd);
}

function filters(request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return [minModRevision, maxModRevision, minCreateRevision, maxCreateRevision].some(
    (revision) => revision !== 0,
  );
}
