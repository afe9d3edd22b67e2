/** What is wrong with a file, for people; `where` is a line or an entry of it, or empty when it is all of it. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly where: string;

  constructor(where: string, what: string) {
    super(where === '' ? what : `${where}: ${what}`);
    this.where = where;
  }
}

export const lineOf = (line: number): string => `line ${line}`;
