/** Longer texts of a history are cut: the file stays small, and the place where it differs is in the explanation. */
const textMax = 80;
const listMax = 12;

/** A key or value as a person reads it: bare where that cannot mislead, quoted and escaped otherwise. */
export function quote(text: string): string {
  if (text.length <= textMax && /^[\w./:@+=-]+$/.test(text)) return text;
  const cut = text.length > textMax ? text.slice(0, textMax) : text;
  const rest = text.length - cut.length;
  return `${visible(JSON.stringify(cut))}${rest > 0 ? ` and ${rest} more` : ''}`;
}

export function quoteOrNothing(text: string | null): string {
  return text === null ? 'nothing' : quote(text);
}

/** Control characters, those that turn the direction of writing, and halves of characters are made visible; lines stay lines. */
export function visible(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, place) => `\\u${character.charCodeAt(place).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** The last of a list, which is where lists differ: `[… 88 more, 89, 90]`. */
export function listed(
  items: readonly (string | number)[],
  [open, close]: readonly [string, string],
): string {
  const rest = items.length - listMax;
  const shown = rest > 0 ? [`… ${rest} more`, ...items.slice(-listMax)] : items;
  return `${open}${shown.join(', ')}${close}`;
}

/** Cut at the end: for lines of which the beginning says enough. */
export function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${visible(text.slice(0, max - 1))}…`;
}
