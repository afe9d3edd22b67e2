import Long from 'long';

/** A number in decimal as a 64-bit field of a message. Small ones stay numbers: they are cheaper. */
export function int64(decimal: string): number {
  const small = Number(decimal);
  if (Number.isSafeInteger(small)) return small;
  const long: unknown = Long.fromString(decimal);
  return long as number; // The generated types come from the CommonJS build of `long`; the class is the same.
}
