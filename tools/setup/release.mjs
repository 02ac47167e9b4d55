// `npm run release -- VERSION`: makes a release commit and its tag, and does not publish. It sets
// the version everywhere, heads the unreleased changes with version and date, runs `npm run check`
// (except with `--no-check`), commits and tags. RELEASING.md has the next steps.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { 'no-check': { type: 'boolean' }, date: { type: 'string' } },
  allowPositionals: true,
});
const [version = ''] = positionals;
if (!/^\d+\.\d+\.\d+$/.test(version)) end('usage: npm run release -- VERSION, such as 0.2.0', 2);

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const root = git('rev-parse', '--show-toplevel');
process.chdir(root);
const branch = git('branch', '--show-current');
if (branch !== 'main')
  end(`this is the branch ${branch || 'of no name'}: releases are made on main`);
if (git('status', '--porcelain') !== '') end('the work tree has changes: commit them first');
if (git('tag', '--list', `v${version}`) !== '') end(`there is a tag v${version} already`);

const previous = JSON.parse(readFileSync('package.json', 'utf8')).version;
if (compare(version, previous) <= 0) end(`${version} is not newer than ${previous}`);

const date = values.date ?? new Date().toISOString().slice(0, 10);
edit('CHANGELOG.md', (text) => {
  const changes = /^## \[Unreleased\]\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(text)?.[1];
  if (!changes?.trim()) end('CHANGELOG.md has nothing under [Unreleased]');
  return text.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [${version}] - ${date}\n`);
});

// Members of the workspace name each other by version.
for (const file of git('ls-files', '*package.json', 'package-lock.json').split('\n')) {
  edit(file, (text) => {
    const manifest = JSON.parse(text);
    setVersions(manifest);
    return `${JSON.stringify(manifest, null, 2)}\n`;
  });
}
for (const file of git('grep', '-lF', previous, '--', 'infra').split('\n')) {
  edit(file, (text) => text.replaceAll(previous, version));
}
for (const file of git('ls-files', `infra/*_${previous}.*`).split('\n').filter(Boolean)) {
  git('mv', file, file.replace(previous, version));
}

if (!values['no-check']) execFileSync('npm', ['run', 'check'], { stdio: 'inherit' });
git('commit', '--quiet', '--all', '-m', `release: ${version}`);
git('tag', '--annotate', `v${version}`, '-m', `BTF Depot ${version}`);
process.stdout.write(`v${version} is tagged here. RELEASING.md says how to publish it.\n`);

function setVersions(manifest) {
  const isOurs = (name) => name === 'btf-depot' || name?.startsWith('@btf-depot/');
  if (isOurs(manifest.name)) manifest.version = version;
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    for (const name of Object.keys(manifest[kind] ?? {})) {
      if (isOurs(name)) manifest[kind][name] = version;
    }
  }
  for (const member of Object.values(manifest.packages ?? {})) setVersions(member);
}

function edit(file, change) {
  const path = join(root, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function compare(one, other) {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number));
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function end(message, status = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(status);
}
