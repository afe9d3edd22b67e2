/**
 * The calls that all connections have open. They are bounded; but a connection that has next to none may always make some,
 * so that whoever opens calls by the thousand leaves the others theirs.
 */
export interface CallCounter {
  ofConnection(): ConnectionCalls;
}

export interface ConnectionCalls {
  /** False: there are too many, and this one must not begin. */
  begin(): boolean;
  end(): void;
}

export function createCallCounter(limits: {
  readonly callsMax: number;
  readonly callsPerConnectionMin: number;
}): CallCounter {
  const { callsMax, callsPerConnectionMin } = limits;
  let total = 0;
  return {
    ofConnection() {
      let own = 0;
      return {
        begin() {
          if (total >= callsMax && own >= callsPerConnectionMin) return false;
          total += 1;
          own += 1;
          return true;
        },
        end() {
          total -= 1;
          own -= 1;
        },
      };
    },
  };
}
