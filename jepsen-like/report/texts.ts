/** Each text once, and the place where it stands. */
export interface Texts {
  placeOf(text: string): number;
  readonly all: readonly string[];
}

export function createTexts(): Texts {
  const places = new Map<string, number>();
  const all: string[] = [];
  return {
    placeOf(text) {
      const known = places.get(text);
      if (known !== undefined) return known;
      places.set(text, all.length);
      return all.push(text) - 1;
    },
    all,
  };
}
