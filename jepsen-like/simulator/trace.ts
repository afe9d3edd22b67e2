/** Everything that happens, as one number: two runs that differ in anything differ in it. */
export interface Trace {
  /** Numbers below 2^53. */
  readonly note: (...values: readonly number[]) => void;
  readonly text: (value: string) => void;
  /** 16 hexadecimal digits. */
  readonly hash: string;
}

/** Two FNV-1a sums with different starts, over 32-bit words. */
export function createTrace(): Trace {
  let a = 0x811c9dc5;
  let b = 0x01234567;

  function word(value: number): void {
    a = Math.imul(a ^ (value | 0), 0x01000193);
    b = Math.imul(b ^ (value | 0), 0x01000193) ^ (b >>> 15);
  }

  return {
    note(...values) {
      for (const value of values) {
        word(value);
        if (value > 0x7fff_ffff) word(value / 0x1_0000_0000);
      }
    },
    text(value) {
      for (let at = 0; at < value.length; at++) word(value.charCodeAt(at));
    },
    get hash() {
      return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
    },
  };
}
