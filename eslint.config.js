// Lint: strict typed rules everywhere, which folder may import which (docs/architecture.md), and no clock, timer,
// randomness or I/O in the parts that must be deterministic.
import tseslint from 'typescript-eslint';

const folders = [
  'base',
  'bbolt',
  'http2',
  'raft',
  'storage',
  'mvcc',
  'peer',
  'member',
  'api',
  'client',
  'cli',
  'tls',
  'gen',
];

/** `types`: only `import type`. A folder that is not named may not be imported. */
const mayImport = {
  base: { values: [], types: [] },
  bbolt: { values: ['base'], types: [] },
  http2: { values: ['base'], types: [] },
  raft: { values: ['base'], types: [] },
  storage: { values: ['base'], types: ['raft'] },
  mvcc: { values: ['base'], types: ['storage'] },
  tls: { values: ['base'], types: [] },
  peer: { values: ['base', 'gen', 'tls'], types: ['raft', 'storage'] },
  member: { values: ['base', 'bbolt', 'raft', 'storage', 'mvcc', 'peer'], types: ['tls'] },
  api: { values: ['base', 'gen', 'http2', 'member'], types: ['mvcc', 'tls'] },
  client: { values: ['base', 'gen'], types: [] },
  cli: { values: ['base', 'api', 'member', 'client', 'tls'], types: [] },
};

const outside = '(cluster|jepsen-like|test|bench)';

function folderRules([folder, { values, types }]) {
  const typesOnly = types.map((name) =>
    importPattern(name, `src/${folder} may only import types of src/${name}`, true),
  );
  const forbidden = folders
    .filter((name) => name !== folder && !values.includes(name) && !types.includes(name))
    .map((name) => importPattern(name, `src/${folder} may not import src/${name}: see docs/architecture.md`));
  const deep = folders
    .filter((name) => name !== folder && name !== 'gen')
    .map((name) => ({
      regex: `^(\\.\\./)+${name}/(?!index\\.js$)`,
      message: `import src/${name} through its index.ts`,
    }));
  const others = {
    regex: folder === 'cli' ? '^(\\.\\./)+(jepsen-like|test|bench)/' : `^(\\.\\./)+${outside}/`,
    message: 'src may not import what is built on top of it',
  };
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            ...typesOnly,
            ...forbidden,
            ...deep,
            others,
            ...(pure.includes(folder) ? [impureModules] : []),
          ],
        },
      ],
    },
  };
}

function importPattern(name, message, allowTypeImports = false) {
  return { regex: `^(\\.\\./)+${name}/`, message, allowTypeImports };
}

const pure = ['base', 'raft', 'mvcc'];
const impureModules = {
  regex:
    '^(node:)?(fs|net|http|http2|tls|dns|child_process|worker_threads|timers|perf_hooks|crypto|os|process|cluster)(/|$)',
  message: 'this folder is pure: no I/O, clock, timers or randomness',
};
const impureGlobals = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'fetch',
  'crypto',
  'console',
].map((name) => ({ name, message: 'this folder is pure: time, chance and I/O are passed in' }));

export default tseslint.config(
  { ignores: ['dist/', 'src/gen/', 'node_modules/', 'quorate-data/', 'bench/results/'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
      // Numbers read well in templates; objects do not.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => void call()` says that nothing is returned.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      // Empty functions are honest defaults (a silent logger).
      '@typescript-eslint/no-empty-function': 'off',
      // One-letter type parameters that only link input to output are fine in helpers.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  ...Object.entries(mayImport).map(folderRules),
  {
    files: pure.map((folder) => `src/${folder}/**/*.ts`),
    rules: {
      'no-restricted-globals': ['error', ...impureGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'randomness is passed in (base/random.ts)' },
      ],
    },
  },
  {
    // People read what these print.
    files: ['cluster/**/*.ts', 'bench/**/*.ts', 'jepsen-like/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
