import { copyFileSync, globSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIdOf, loadableKernel } from '@btf-depot/testing';
import { writeFiles } from '@btf-depot/testing/farm';
import { testFolder } from '@btf-depot/testing/folders';
import { runIn, testWith } from '@btf-depot/testing/programs';
import { expect } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Needed in a chroot: a shell, and the C and C++ libraries. */
const TOOLS = ['sh', 'readlink', 'dirname'];

const folder = testFolder();

/** Copies a program to its place in the chroot, with the libraries that it is linked to. */
async function provide(program: string, chroot: string): Promise<void> {
  const found = await runIn(folder, ['sh', '-c', `readlink -f "$(command -v ${program})"`]);
  const path = found.trim();
  copy(path, join(chroot, 'bin', program));
  await provideLibraries(path, chroot);
}

async function provideLibraries(path: string, chroot: string): Promise<void> {
  for (const [, library = ''] of (await runIn(folder, ['ldd', path])).matchAll(/(\/\S+)/g)) {
    copy(library, join(chroot, library));
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

testWith(
  ['tar', 'unshare -rn true', 'ip', 'chroot', 'ldd', ...TOOLS],
  'the packed command splits, makes a carrier and pushes over loopback where nothing else is',
  async () => {
    const archive = join(folder, 'btfdepot.tar.gz');
    await runIn(root, [process.execPath, 'tools/setup/pack-cli.mjs', archive]);
    const chroot = join(folder, 'chroot');
    mkdirSync(join(chroot, 'tmp'), { recursive: true });
    await runIn(chroot, ['tar', '-xzf', archive]);
    for (const tool of TOOLS) await provide(tool, chroot);
    const [node = ''] = globSync(join(chroot, 'btfdepot/node_modules/node-linux-*/bin/node'));
    await provideLibraries(node, chroot);
    const { vmlinux, full } = loadableKernel(buildIdOf('packed'));
    // A shell opens it as the input of background jobs.
    writeFiles(chroot, { vmlinux, 'full.btf': full, 'dev/null': '' });

    // The depot is the packed command too; push retries until it is up.
    const script = `set -e
cd /
btfdepot/btfdepot split vmlinux --full full.btf -o parts
btfdepot/btfdepot carrier --kernel vmlinux --full full.btf -o btf_vmlinux.ko.xz
btfdepot/btfdepot serve --data /tmp/data --port 8080 &
depot=$!
btfdepot/btfdepot push vmlinux --full full.btf --split=here --url http://127.0.0.1:8080
kill "$depot"
wait "$depot"
`;
    writeFiles(chroot, { script });
    const inside = `ip link set lo up && exec chroot ${chroot} /bin/sh /script`;
    const environment = { PATH: '/bin:/usr/bin:/sbin:/usr/sbin' };
    const output = await runIn(folder, ['unshare', '-rn', 'sh', '-c', inside], environment);
    expect(output).toMatch(/revision 1: ready/);
    expect(globSync(join(chroot, 'parts/vmlinux*.btf'))).toHaveLength(3);
    expect(globSync(join(chroot, 'btf_vmlinux.ko.xz'))).toHaveLength(1);
  },
);
