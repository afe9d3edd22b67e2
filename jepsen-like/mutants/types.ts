/**
 * A bug of production's own code, put in from outside: the compiled file is changed while it is loaded, in a worker of its own. Each
 * stands for bugs that real systems shipped; their numbers are those of issues of etcd unless they name another system.
 */
export interface Mutant {
  readonly name: string;
  /** Where it was met. */
  readonly after: string;
  /** Below `dist`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** To be run with these alone, where only they can show it. Left out: all. */
  readonly workloads?: readonly string[];
}
