const shownMax = 40;

export function shown(value: string | null): string {
  return value === null ? 'a deletion' : JSON.stringify(value.slice(0, shownMax));
}
