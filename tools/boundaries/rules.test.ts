import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LAYER = '@nx/enforce-module-boundaries';
const FILES = 'no-restricted-imports';

let eslint: ESLint;

beforeAll(async () => {
  // Without a project graph the rule silently allows everything.
  await promisify(execFile)('npx', ['nx', 'show', 'projects'], { cwd: root });
  eslint = new ESLint({
    cwd: root,
    // The files that are linted here do not exist, so they have no types.
    overrideConfig: [
      { languageOptions: { parserOptions: { projectService: false } } },
      { ...tseslint.configs.disableTypeChecked },
    ],
  });
});

async function rulesBroken(file: string, imported: string): Promise<(string | null)[]> {
  const code = `import * as it from '${imported}';\nexport default it;\n`;
  const [result] = await eslint.lintText(code, { filePath: `${root}/${file}` });
  return (result?.messages ?? []).map(({ ruleId }) => ruleId);
}

test.each([
  ['a format library imports one above it', 'libs/btf/src/probe.ts', '@btf-depot/extras'],
  ['a format library imports a contract', 'libs/elf/src/probe.ts', '@btf-depot/contracts'],
  ['a format library imports a package', 'libs/btf/src/probe.ts', 'zod'],
  ['codec imports a package that is not its own', 'libs/codec/src/probe.ts', 'minio'],
  ['contracts import the domain', 'libs/contracts/src/probe.ts', '@btf-depot/depot'],
  ['contracts import a format', 'libs/contracts/src/probe.ts', '@btf-depot/btf'],
  ['the domain imports an adapter', 'libs/depot/src/probe.ts', '@btf-depot/blob-store'],
  ['the domain imports a package', 'libs/depot/src/probe.ts', 'zod'],
  ['the domain imports the platform', 'libs/depot/src/probe.ts', '@btf-depot/service-kit'],
  ['an adapter imports the platform', 'libs/blob-store/src/probe.ts', '@btf-depot/service-kit'],
  ['an adapter imports a format', 'libs/blob-store/src/probe.ts', '@btf-depot/btf'],
  ['an adapter imports another', 'libs/job-queue/src/probe.ts', '@btf-depot/blob-store'],
  ["an adapter imports another's vendor", 'libs/job-queue/src/probe.ts', 'minio'],
  ['the client imports the domain', 'libs/client/src/probe.ts', '@btf-depot/depot'],
  ['the platform imports an adapter', 'libs/service-kit/src/probe.ts', '@btf-depot/job-queue'],
  ["the platform imports an adapter's vendor", 'libs/service-kit/src/probe.ts', 'bullmq'],
  ['a service imports another', 'apps/fetch/src/probe.ts', '@btf-depot/ingest'],
  ['sources import what is for tests', 'libs/blob-store/src/probe.ts', '@btf-depot/testing'],
  ['the command imports tests', 'apps/cli/src/probe.ts', '@btf-depot/e2e'],
  ['a test of the whole way imports a service', 'apps/e2e/src/probe.ts', '@btf-depot/fetch'],
  ['sources import a tool', 'apps/cli/src/probe.ts', '@btf-depot/services'],
])('refused: %s', async (_what, file, imported) => {
  expect(await rulesBroken(file, imported)).toContain(LAYER);
});

test.each([
  'apps/cli/src/probe.test.ts',
  'apps/ingest/src/testing/probe.ts',
  'apps/e2e/src/faults/probe.ts',
  'libs/testing/src/probe.ts',
])('refused: %s makes a temporary folder by itself', async (file) => {
  const code = `import { mkdtemp } from 'node:fs/promises';\nexport default mkdtemp;\n`;
  const [result] = await eslint.lintText(code, { filePath: `${root}/${file}` });
  expect(result?.messages.map(({ message }) => message)).toContainEqual(
    expect.stringContaining('TemporaryFolder'),
  );
});

test('refused: a warning with a stack, of which an outage has thousands', async () => {
  const code = `export const say = (log, error) => log.warn({ err: error }, 'failed');\n`;
  const [result] = await eslint.lintText(code, { filePath: `${root}/apps/fetch/src/probe.ts` });
  expect(result?.messages.map(({ message }) => message)).toContainEqual(
    expect.stringContaining('RepeatedWarnings'),
  );
});

test.each([
  ['libs/btf/src/probe.ts', 'node:fs'],
  ['libs/contracts/src/probe.ts', 'node:fs/promises'],
  ['libs/depot/src/probe.ts', 'fs'],
])('refused: %s opens files with %s', async (file, imported) => {
  expect(await rulesBroken(file, imported)).toContain(FILES);
});

test.each([
  ['libs/extras/src/probe.ts', '@btf-depot/btf'],
  ['libs/depot/src/probe.ts', '@btf-depot/carrier'],
  ['libs/blob-store/src/probe.ts', '@btf-depot/depot'],
  ['libs/blob-store/src/probe.ts', 'minio'],
  ['libs/blob-store/src/probe.test.ts', '@btf-depot/testing'],
  ['libs/job-queue/src/probe.redis.test.ts', '@btf-depot/services'],
  ['libs/btf/src/probe.test.ts', 'node:fs'],
  ['apps/cli/src/probe.ts', '@btf-depot/fetch'],
  ['apps/ingest/src/probe.ts', '@btf-depot/blob-store'],
  ['apps/e2e/src/probe.ts', '@btf-depot/testing'],
])('allowed: %s imports %s', async (file, imported) => {
  expect(await rulesBroken(file, imported)).toEqual([]);
});
