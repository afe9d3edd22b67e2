import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** A file of this package as it was built, also when the sources themselves are run, as tests do. */
export function builtFile(path: string): string {
  let root = dirname(path);
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  const fromRoot = relative(root, path).replace(/\.ts$/, '.js');
  return join(root, fromRoot.startsWith('dist') ? fromRoot : join('dist', fromRoot));
}
