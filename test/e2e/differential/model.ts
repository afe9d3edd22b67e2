/** On whose behalf: without a token, with one that nobody issued, or with the one of that number. */
export type Identity = 'nobody' | 'stranger' | number;

/** What the generator knows of the stores, so that most requests meet something. It follows etcd's answers. */
export interface Model {
  revision: number;
  compactRevision: number;
  /** By what the run calls them. */
  readonly leases: Map<string, { readonly ttl: number }>;
  chosenLeaseCount: number;
  readonly users: Map<string, { password: string | null; readonly roles: Set<string> }>;
  readonly roles: Set<string>;
  isAuthEnabled: boolean;
  /** Whose token has which number; tokens of users whose password changed stay listed, and are refused. */
  readonly tokens: string[];
  /** Who asks unless a request says otherwise. */
  identity: Identity;
  /** Kinds of alarms that are raised. */
  readonly alarms: Set<string>;
}

/** Root, as soon as users are needed and root has logged in; otherwise whoever asks now. */
export function asRoot(model: Model): Identity {
  const root = model.tokens.lastIndexOf('root');
  return model.isAuthEnabled && root >= 0 ? root : model.identity;
}

export function createModel(): Model {
  return {
    revision: 1,
    compactRevision: 0,
    leases: new Map(),
    chosenLeaseCount: 0,
    users: new Map(),
    roles: new Set(),
    isAuthEnabled: false,
    tokens: [],
    identity: 'nobody',
    alarms: new Set(),
  };
}
