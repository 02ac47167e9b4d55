import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { boundaries, testBoundaries, withoutFileSystem } from './tools/boundaries/rules.js';

const maybe = 'Say `x: maybe`; what may be undefined says so in its type: `x?: T | undefined`.';

/** They hide names that nothing has from the types. */
const spreads = [
  {
    selector: "ObjectExpression > SpreadElement > LogicalExpression[operator='&&']",
    message: maybe,
  },
  { selector: 'ObjectExpression > SpreadElement > ConditionalExpression', message: maybe },
  {
    selector: 'ObjectExpression > SpreadElement > ObjectExpression',
    message: 'Write the properties without a spread.',
  },
  {
    selector: ':matches(ArrayExpression, CallExpression) > SpreadElement > ArrayExpression',
    message: 'Write the elements without a spread.',
  },
];

/** Temporary folders of tests are made, and removed, in one place. */
const folders = [
  'ImportSpecifier[imported.name=/^mkdtemp/]',
  'MemberExpression[property.name=/^mkdtemp/]',
].map((selector) => ({
  selector,
  message: 'Take testFolder of @btf-depot/testing/folders, or a TemporaryFolder: they are removed.',
}));

/** Tests, and what only tests use. */
const tests = ['**/*.test.ts', '**/src/testing/**/*.ts', '**/tests/**/*.ts', 'apps/e2e/**/*.ts'];

export default defineConfig(
  globalIgnores(['**/node_modules', '.nx', 'data', '**/dist']),
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // A number in a template is what most messages are made of.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...spreads],
      // Without noUncheckedIndexedAccess, which hot loops over typed arrays cannot have, it takes
      // every lookup for a hit and would have the checks of misses removed.
      '@typescript-eslint/no-unnecessary-condition': 'off',
    },
  },
  {
    plugins: { '@nx': nx },
    rules: { '@nx/enforce-module-boundaries': ['error', boundaries] },
  },
  {
    files: tests,
    rules: { '@nx/enforce-module-boundaries': ['error', testBoundaries] },
  },
  {
    files: [...tests, 'libs/testing/src/**/*.ts'],
    ignores: ['libs/testing/src/temporary-folder.ts'],
    rules: { 'no-restricted-syntax': ['error', ...spreads, ...folders] },
  },
  // Settings at the root belong to no layer.
  { files: ['*.{js,ts}'], rules: { '@nx/enforce-module-boundaries': 'off' } },
  {
    files: withoutFileSystem.files,
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', withoutFileSystem.imports] },
  },
  {
    // Threads load these, and one that is ended while a module of it waits takes the process with
    // it (nodejs/node issue 60755). Programs of their own are started by no thread.
    files: ['libs/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/main.ts', '**/testing/**', 'libs/testing/**', 'apps/e2e/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...spreads,
        {
          selector: 'AwaitExpression:not(:function AwaitExpression)',
          message: 'A module does not wait: start what takes time where it is first asked for.',
        },
        {
          selector:
            "CallExpression[callee.property.name='warn'] > ObjectExpression > Property[key.name='err']",
          message: 'One line for a cause, without its stack: use RepeatedWarnings.',
        },
      ],
    },
  },
  { files: ['**/*.{js,mjs}'], extends: [tseslint.configs.disableTypeChecked] },
  prettier,
);
