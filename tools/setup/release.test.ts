import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderOfEachTest } from '@btf-depot/testing/folders';
import { beforeEach, expect, it } from 'vitest';

const script = fileURLToPath(new URL('release.mjs', import.meta.url));

const folder = folderOfEachTest();
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
const release = (...args: string[]) =>
  spawnSync(process.execPath, [script, ...args, '--no-check', '--date=2030-01-02'], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      GIT_AUTHOR_NAME: 'test',
      GIT_AUTHOR_EMAIL: 'test@example.org',
      GIT_COMMITTER_NAME: 'test',
      GIT_COMMITTER_EMAIL: 'test@example.org',
    },
  });

const manifest = (name: string, more: object = {}) =>
  `${JSON.stringify({ name, version: '0.1.0', ...more }, null, 2)}\n`;

beforeEach(() => {
  for (const path of ['libs/a', 'infra']) mkdirSync(join(folder, path), { recursive: true });
  write('package.json', manifest('btf-depot', { devDependencies: { other: '0.1.0' } }));
  write(
    'libs/a/package.json',
    manifest('@btf-depot/a', { dependencies: { '@btf-depot/b': '0.1.0' } }),
  );
  write('package-lock.json', manifest('btf-depot', { packages: { '': { name: 'btf-depot' } } }));
  write('infra/recipe_0.1.0.bb', 'version=0.1.0\n');
  write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n- new\n');
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'begin');
});

it('sets the version wherever it stands, and tags the commit', () => {
  expect(release('0.2.0')).toMatchObject({ status: 0 });
  expect(JSON.parse(read('libs/a/package.json'))).toEqual({
    name: '@btf-depot/a',
    version: '0.2.0',
    dependencies: { '@btf-depot/b': '0.2.0' },
  });
  expect(JSON.parse(read('package.json'))).toMatchObject({
    version: '0.2.0',
    devDependencies: { other: '0.1.0' },
  });
  expect(read('infra/recipe_0.2.0.bb')).toBe('version=0.2.0\n');
  expect(read('CHANGELOG.md')).toBe(
    '# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2030-01-02\n\n- new\n',
  );
  expect(git('tag', '--points-at', 'HEAD')).toBe('v0.2.0');
  expect(git('status', '--porcelain')).toBe('');
});

it.each([
  ['a version that is none', ['next'], 2],
  ['a version that is not newer', ['0.1.0'], 1],
])('refuses %s', (_, args, status) => {
  expect(release(...args)).toMatchObject({ status });
  expect(git('status', '--porcelain')).toBe('');
});

it('refuses any branch but main', () => {
  git('switch', '--quiet', '--create', 'other');
  expect(release('0.2.0')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('branch other') as string,
  });
});

it('refuses a work tree with changes, and a changelog without any', () => {
  write('infra/new', '');
  expect(release('0.2.0')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching('changes') as string,
  });
  rmSync(join(folder, 'infra/new'));
  write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n');
  git('commit', '--quiet', '--all', '-m', 'empty');
  expect(release('0.2.0')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('nothing') as string,
  });
});
