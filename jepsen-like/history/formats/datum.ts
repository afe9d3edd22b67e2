/**
 * What EDN and JSON have in common. Keywords are strings with their colon; sets are lists; of tagged elements only what is tagged is kept.
 */
export type Datum = null | boolean | number | bigint | string | readonly Datum[] | DatumMap;

export interface DatumMap {
  readonly entries: readonly (readonly [Datum, Datum])[];
}

export function isMap(datum: Datum | undefined): datum is DatumMap {
  return typeof datum === 'object' && datum !== null && 'entries' in datum && !isList(datum);
}

export function isList(datum: Datum | undefined): datum is readonly Datum[] {
  return Array.isArray(datum);
}

/** What stands at a key, which may be a keyword or a string; undefined: it is not there. */
export function fieldOf({ entries }: DatumMap, name: string): Datum | undefined {
  return entries.find(([key]) => nameOf(key) === name)?.[1];
}

/** The same for keywords and for the strings that JSON has for them; null: it is neither. */
export function nameOf(datum: Datum | undefined): string | null {
  if (typeof datum !== 'string') return null;
  return datum.startsWith(':') ? datum.slice(1) : datum;
}

/** The same text for equal values, and a readable one. */
export function textOf(datum: Datum): string {
  if (datum === null) return 'nil';
  if (isList(datum)) return `[${datum.map(textOf).join(' ')}]`;
  if (isMap(datum)) {
    const fields = datum.entries.map(([key, value]) => `${textOf(key)} ${textOf(value)}`);
    return `{${fields.sort().join(', ')}}`;
  }
  return String(datum);
}

/** Lists and objects may be nested so deep. */
export const depthMax = 64;

/** Of what JSON.parse gives. */
export function datumOf(value: unknown, depth = 0): Datum {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (depth > depthMax || typeof value !== 'object') return null;
  if (Array.isArray(value)) return value.map((each) => datumOf(each, depth + 1));
  return { entries: Object.entries(value).map(([key, each]) => [key, datumOf(each, depth + 1)] as const) };
}
