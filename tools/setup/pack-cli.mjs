// `npm run pack:cli`: one archive with the command, its libraries and Node, for machines and build
// chroots that have neither Node nor a network. Unpack it anywhere and run `btfdepot/btfdepot`. It is
// written to `dist/`, or to the file that is named.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = realpathSync(fileURLToPath(new URL('../..', import.meta.url)));
const target = `linux-${process.arch}`;
const output = resolve(process.argv[2] ?? join(root, 'dist', `btfdepot-${target}.tar.gz`));

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
/** Paths of what an addon that the install compiled is linked with, but for the C and C++ libraries. */
function librariesOf(addon) {
  if (!existsSync(addon)) return [];
  const listed = execFileSync('ldd', [addon], { encoding: 'utf8' });
  return [...listed.matchAll(/=> (\/\S+)/g)]
    .map(([, path]) => path)
    .filter((path) => !/\/lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so/.test(path));
}

const node = `node_modules/node-${target}/bin/node`;

const folder = mkdtempSync(join(tmpdir(), 'btfdepot-pack-'));
try {
  const script = `#!/bin/sh
# Runs the command under the Node beside it, from wherever it is called.
here=$(dirname "$(readlink -f "$0")")
# Libraries that a system may lack come with it. Where it has them they stay out of the way: other
# programs that are started are to meet their own.
for library in "$here"/lib/*; do
  found=
  for place in /lib /usr/lib /lib64 /usr/lib64 /lib/*-linux-gnu /usr/lib/*-linux-gnu; do
    [ ! -e "$place/\${library##*/}" ] || found=yes
  done
  [ -n "$found" ] || export LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
exec "$here/${node}" "$here/apps/cli/src/main.ts" "$@"
`;
  writeFileSync(join(folder, 'btfdepot'), script, { mode: 0o755 });
  const files = [...new Set([...links, ...folders, node, 'LICENSE', 'package.json'])];
  writeFileSync(join(folder, 'files'), files.join('\n'));
  mkdirSync(join(folder, 'lib'));
  for (const path of librariesOf(
    join(root, 'node_modules/node-liblzma/build/Release/node_lzma.node'),
  )) {
    copyFileSync(path, join(folder, 'lib', basename(path)));
  }
  mkdirSync(dirname(output), { recursive: true });
  const left = ['*.test.ts', '*.map', 'prebuilds/win32-*', 'prebuilds/darwin-*'];
  const exclude = left.map((name) => `--exclude=${name}`);
  execFileSync('tar', [
    ...['-czf', output, '--transform=s,^,btfdepot/,S', '--sort=name', '--mtime=@0', ...exclude],
    ...['-C', folder, 'btfdepot', 'lib', '-C', root, '-T', join(folder, 'files')],
  ]);
} finally {
  rmSync(folder, { recursive: true });
}
const megabytes = (readFileSync(output).length / 1e6).toFixed(0);
process.stdout.write(`${relative(process.cwd(), output)}: ${megabytes} MB\n`);
