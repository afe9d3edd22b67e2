import type { Mutant } from './types.js';

type Load = (
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<Loaded>,
) => Promise<Loaded>;

interface Loaded {
  readonly format: string;
  readonly source: string | Uint8Array;
}

let planted: Mutant | null = null;

/** Called by Node.js with what was given to `register`. */
export function initialize(mutant: Mutant): void {
  planted = mutant;
}

/** Node's hook for modules on their way in: the one that the mutant is about comes in changed. */
export const load: Load = async (url, context, next) => {
  const loaded = await next(url, context);
  if (planted === null || !url.endsWith(`/dist/${planted.file}`)) return loaded;
  const source = Buffer.from(loaded.source).toString('utf8');
  if (source.split(planted.find).length !== 2)
    throw new Error(`mutant “${planted.name}”: what it changes does not stand once in ${planted.file}`);
  return { ...loaded, source: source.replace(planted.find, () => planted?.replace ?? '') };
};
