import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * Makes `folder` with the project as of a commit, ready to run: its own sources, and the packages
 * installed here.
 *
 * @throws Error if the clone does not have the commit.
 */
export function earlierVersion(commit: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const tree = execFileSync('git', ['archive', commit, 'apps', 'libs', 'tools', 'package.json'], {
    cwd: root,
    maxBuffer: 2 ** 28,
  });
  execFileSync('tar', ['-x', '-C', folder], { input: tree });
  const packages = join(folder, 'node_modules');
  mkdirSync(join(packages, '@btf-depot'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@btf-depot') symlinkSync(join(root, 'node_modules', name), join(packages, name));
  }
  for (const group of ['apps', 'libs', 'tools']) {
    for (const name of readdirSync(join(folder, group))) {
      const own = join(folder, group, name);
      if (!existsSync(join(own, 'package.json'))) continue;
      const said = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { name: string };
      symlinkSync(own, join(packages, said.name));
      const installed = join(root, group, name, 'node_modules');
      if (existsSync(installed)) symlinkSync(installed, join(own, 'node_modules'));
    }
  }
}

/** Why the version is missing: a shallow clone, or none at all. CI has the whole history. */
export function lacksEarlierVersion(commit: string): boolean {
  if (process.env.CI === 'true') return false;
  return spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: root }).status !== 0;
}
