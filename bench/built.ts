import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program of this package as it was built: this file is in dist/bench, or in bench when the sources are run. */
export function builtFile(path: string): string {
  const here = fileURLToPath(import.meta.url);
  const root = dirname(dirname(here));
  return here.endsWith('.ts') ? join(root, 'dist', path) : join(root, path);
}
