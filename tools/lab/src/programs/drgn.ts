import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Absent, attempt, cached, say } from '@btf-depot/services/provision';
import type { ArchiveFile } from '../machine/cpio.ts';
import { guestProgram } from './guest-program.ts';
import { command, rootOf } from './programs.ts';

const PYTHON = 'usr/bin/python3.11';

/** drgn from PyPI for Debian's Python: pip checks it against the hash. */
const REQUIREMENT =
  'drgn==0.3.0 --hash=sha256:69c8b8ce9d1b714f1bcd871101b88f41694d0bc1746485b18d4f1238c72a884d';
const WHEEL = ['--python-version', '3.11', '--platform', 'manylinux_2_28_x86_64'];

const MODULE = fileURLToPath(
  new URL('../../../../infra/tracers/btfdepot_drgn.py', import.meta.url),
);

/** Parts of Python's library, and of pip's packages, that no script of ours imports. */
const SPARED =
  /\/(?:__pycache__|test|idlelib|lib2to3|distutils|ensurepip|pydoc_data|tkinter)\/|\.pyi$/;

/**
 * For a guest: `python3` with drgn and our module for it. Architecture: amd64. Throws Absent.
 */
export async function guestDrgn(): Promise<ArchiveFile[]> {
  const drgn = await drgnFolder();
  const python = await command('python', PYTHON);
  const library = join(rootOf(python, PYTHON), 'usr/lib/python3.11');
  const shared = [join(drgn, '{,drgn.libs/}*.so*'), join(library, 'lib-dynload/*.so')];
  const alsoFor = shared.flatMap((pattern) => globSync(pattern));
  const script = `#!/bin/busybox sh
export PYTHONHOME=/usr PYTHONPATH=/opt/drgn PYTHONDONTWRITEBYTECODE=1
exec /bin/python3.11 "$@"
`;
  return [
    ...(await guestProgram('python', PYTHON, { alsoFor })),
    ...tree(library, 'usr/lib/python3.11'),
    ...tree(drgn, 'opt/drgn'),
    { path: 'opt/drgn/btfdepot_drgn.py', bytes: readFileSync(MODULE) },
    { path: 'bin/python3', bytes: Buffer.from(script), executable: true },
  ];
}

async function drgnFolder(): Promise<string> {
  return await cached('programs/drgn', [REQUIREMENT, WHEEL], async (folder) => {
    say('fetching drgn from PyPI');
    const requirements = join(folder, 'requirements.txt');
    await writeFile(requirements, `${REQUIREMENT}\n`);
    const only = ['--no-deps', '--no-compile', '--only-binary', ':all:', '--require-hashes'];
    const args = ['-m', 'pip', '-q', 'install', ...only, ...WHEEL, '--target', folder];
    const { code, stderr } = await attempt('python3', [...args, '-r', requirements]);
    if (code !== 0) throw new Absent('drgn was not fetched', `pip says: ${stderr.trim()}`);
    await rm(requirements);
  });
}

function tree(folder: string, as: string): ArchiveFile[] {
  return globSync(join(folder, '**/*'))
    .filter((path) => !SPARED.test(path) && existsSync(path) && statSync(path).isFile())
    .map((path) => ({
      path: join(as, relative(folder, path)),
      bytes: readFileSync(path),
      executable: path.includes('.so'),
    }));
}
