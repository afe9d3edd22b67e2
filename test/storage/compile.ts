import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Compiles sources, files or folders relative to the repository, into the folder as they are laid out here, so that a
 * process of its own can run them. Not from `dist`: what is tested is what stands in the sources now.
 */
export async function compileTo(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (path.endsWith('.ts')) await compileFile(folder, path);
    else for (const name of await readdir(join(root, path))) await compileTo(folder, [join(path, name)]);
  }
}

/** Lets compiled sources find the packages that they import. */
export async function linkPackages(folder: string): Promise<void> {
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
}

async function compileFile(folder: string, path: string): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(join(root, path), 'utf8'), {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ES2022,
      verbatimModuleSyntax: true,
    },
  });
  const target = join(folder, path.replace(/\.ts$/, '.js'));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, outputText);
}
