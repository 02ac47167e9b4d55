import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, test } from 'vitest';

const libs = new URL('../../../libs/', import.meta.url);
const IMPORT = /^import (?:\{([^}]*)\}|(\w+)) from '([^']+)';$/gm;

// The constructor of asynchronous functions has no name of its own.
const AsyncFunction = (async () => await Promise.resolve()).constructor as new (
  ...lines: string[]
) => (load: (name: string) => Promise<unknown>) => Promise<void>;

/** The code of a module as the body of a function: its imports are calls of `load`. */
function bodyOf(code: string): string {
  return stripTypeScriptTypes(code).replace(
    IMPORT,
    (_, names: string | undefined, name: string, from: string) =>
      names === undefined
        ? `const { default: ${name} } = await load('${from}');`
        : `const {${names.replaceAll(' as ', ': ')}} = await load('${from}');`,
  );
}

/** Names that a library exports: values as Node sees them, types by its sources. */
async function exportsOf(library: string): Promise<Set<string>> {
  const names = Object.keys((await import(`@btf-depot/${library}`)) as object);
  for (const path of globSync(`${library}/src/**/*.ts`, { cwd: libs })) {
    const source = readFileSync(new URL(path, libs), 'utf8');
    const types = source.matchAll(/^export (?:interface|type) (\w+)/gm);
    names.push(...[...types].map(([, name]) => name));
  }
  return new Set(names);
}

// The first example of a README may declare what later ones use: it runs before each of them.
describe.each(readdirSync(libs))('the README of libs/%s', (library) => {
  const readme = () => readFileSync(new URL(`${library}/README.md`, libs), 'utf8');

  test('lists only names that are exported', async () => {
    const firsts = readme().match(/^\|[^|]*\|/gm) ?? [];
    const listed = firsts.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    const exported = await exportsOf(library);
    expect(listed.filter((name) => !exported.has(name))).toEqual([]);
  });

  test('has examples that run', async () => {
    const examples = [...readme().matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) =>
      bodyOf(code),
    );
    const [first] = examples;
    assert.ok(first, 'it has no block of TypeScript');
    for (const code of examples) {
      const body = code === first ? first : `${first}\n{\n${code}\n}`;
      await new AsyncFunction('load', `"use strict";\n${body}`)((name) => import(name));
    }
  });
});
