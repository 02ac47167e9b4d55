// `npm run pack:cli`: one archive with the command, its libraries and Node, for machines and build
// chroots without Node and network. Unpack it anywhere and run `btfdepot/btfdepot`. It is written
// to `dist/`, or to the given file.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = realpathSync(fileURLToPath(new URL('../..', import.meta.url)));
const target = `linux-${process.arch}`;
const output = resolve(process.argv[2] ?? join(root, 'dist', `btfdepot-${target}.tar.gz`));

execFileSync(process.execPath, [fileURLToPath(new URL('build-page.mjs', import.meta.url))]);

const npm = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 };
const tree = ['ls', '--all', '--omit=dev', '--parseable', '-w', '@btf-depot/cli'];
const listed = execFileSync('npm', tree, npm).trim().split('\n').slice(1);

const links = [];
const folders = [];
for (const path of listed) {
  const at = relative(root, path);
  const real = relative(root, realpathSync(path));
  // Members of the workspace are links: their sources run as they are, outside node_modules.
  if (real !== at) links.push(at, join(real, 'package.json'), join(real, 'src'));
  else if (!folders.some((other) => at.startsWith(`${other}/`))) folders.push(at);
}

const node = `node_modules/node-${target}/bin/node`;

const folder = mkdtempSync(join(tmpdir(), 'btfdepot-pack-'));
try {
  const script = `#!/bin/sh
# Runs the command under the Node beside it, from wherever it is called.
here=$(dirname "$(readlink -f "$0")")
exec "$here/${node}" "$here/apps/cli/src/main.ts" "$@"
`;
  writeFileSync(join(folder, 'btfdepot'), script, { mode: 0o755 });
  const more = ['apps/catalogue/dist', node, 'LICENSE', 'package.json'];
  const files = [...new Set([...links, ...folders, ...more])];
  writeFileSync(join(folder, 'files'), files.join('\n'));
  mkdirSync(dirname(output), { recursive: true });
  const left = ['*.test.ts', '*.map', 'prebuilds'];
  const exclude = left.map((name) => `--exclude=${name}`);
  const how = ['-czf', output, '--transform=s,^,btfdepot/,S', '--sort=name', '--mtime=@0'];
  const what = ['-C', folder, 'btfdepot', '-C', root, '-T', join(folder, 'files')];
  execFileSync('tar', how.concat(exclude, what));
} finally {
  rmSync(folder, { recursive: true });
}
const megabytes = (readFileSync(output).length / 1e6).toFixed(0);
process.stdout.write(`${relative(process.cwd(), output)}: ${megabytes} MB\n`);
