import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as TypeScript from 'typescript';

const folder = fileURLToPath(new URL('./page/', import.meta.url));
const entry = 'main';
const importPattern = /^import \{([^}]*)\} from '\.\/([a-z-]+)\.js';$/gm;
const exportPattern = /^export (?=(?:async )?(?:function|const|class) ([\w$]+))/gm;

let script: string | null = null;

/** The page's modules as one script: read beside this file, where the compiler put them. */
export function pageScript(): string {
  script ??= joinModules(compiledModules(), entry);
  return script;
}

/**
 * One script out of modules: each becomes a function that runs once and gives what it exports, those it imports from before it.
 * Throws if one imports in a circle, or imports or exports in another way than by name.
 */
export function joinModules(modules: ReadonlyMap<string, string>, first: string): string {
  const parts: string[] = [];
  const states = new Map<string, 'begun' | 'done'>();

  function add(name: string): void {
    const state = states.get(name);
    if (state === 'begun') throw new Error(`${name} imports itself in a circle`);
    if (state === 'done') return;
    states.set(name, 'begun');
    const code = modules.get(name);
    if (code === undefined) throw new Error(`the page has no module ${name}`);
    for (const [, , imported = ''] of code.matchAll(importPattern)) add(imported);
    const exported = [...code.matchAll(exportPattern)].map(([, own = '']) => own);
    const body = code
      .replace(
        importPattern,
        (_, names: string, from: string) => `const {${names.replaceAll(' as ', ': ')}} = ${scopeOf(from)};`,
      )
      .replace(exportPattern, '')
      .replace(/^\/\/# sourceMappingURL=.*$/gm, '')
      .trim();
    if (/^(?:import|export)\b/m.test(body)) throw new Error(`${name} imports or exports in an unknown way`);
    parts.push(`const ${scopeOf(name)} = (() => {\n${body}\nreturn { ${exported.join(', ')} };\n})();\n`);
    states.set(name, 'done');
  }

  add(first);
  const joined = `'use strict';\n(() => {\n${parts.join('\n')}})();\n`;
  if (/<\/script|<!--/i.test(joined)) throw new Error('the script of the page would end itself');
  return joined;
}

function scopeOf(name: string): string {
  return `of_${name.replaceAll('-', '_')}`;
}

/** From source, as tests run it, TypeScript makes of each module what it would have made beforehand. */
function compiledModules(): ReadonlyMap<string, string> {
  const isCompiled = existsSync(`${folder}${entry}.js`);
  const suffix = isCompiled ? '.js' : '.ts';
  const files = readdirSync(folder).filter((file) => file.endsWith(suffix) && !file.endsWith('.d.ts'));
  const sources = files.map((file) => [file.slice(0, -3), readFileSync(folder + file, 'utf8')] as const);
  if (isCompiled) return new Map(sources);
  const typescript = createRequire(import.meta.url)('typescript') as typeof TypeScript;
  const { ModuleKind, ScriptTarget } = typescript;
  const compilerOptions = {
    module: ModuleKind.ESNext,
    target: ScriptTarget.ES2023,
    verbatimModuleSyntax: true,
  };
  return new Map(
    sources.map(([name, source]) => [
      name,
      typescript.transpileModule(source, { compilerOptions }).outputText,
    ]),
  );
}
