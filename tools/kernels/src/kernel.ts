import { globSync, lstatSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Absent,
  cached,
  cachedAt,
  debianSuite,
  isCached,
  lookUp,
  provideProgram,
  say,
  unpack,
  unpackSome,
  withPackages,
} from '@btf-depot/services/provision';
import { fullBtfFlags, makeCoreBtf, makeFullBtf } from './derive.ts';
import { kernels, tools, type KernelEntry, type KernelName } from './table.ts';

/** A kernel in the cache, by paths. */
export interface Kernel {
  readonly name: KernelName;
  readonly release: string;
  readonly architecture: string;
  /** ELF with symbols and DWARF. */
  readonly vmlinux: string;
  /** The image that boots. */
  readonly vmlinuz: string;
  readonly systemMap: string;
  /** The folder of its modules, `/lib/modules/RELEASE` on a system. */
  readonly modules: string;
  /** Its `.BTF` section; missing if the kernel was built without. */
  readonly coreBtf: string;
  /** Types and all variables in one BTF, by pahole with the kernel's own flags and global_var. */
  readonly fullBtf: string;
}

const place = (name: KernelName) => `kernels/${name}`;
const derivedPlace = (name: KernelName) => `derived/${name}`;
const derivedRecipe = (name: KernelName) => [kernels[name], tools.pahole, fullBtfFlags];

/** The kernel, fetched and derived if it is missing. Throws Absent. */
export async function provideKernel(name: KernelName): Promise<Kernel> {
  const entry: KernelEntry = kernels[name];
  const folder = await cached(place(name), entry, (into) => fetchKernel(name, entry, into));
  await provideProgram(tools.pahole);
  await provideProgram(tools.binutils);
  await cached(derivedPlace(name), derivedRecipe(name), async (into) => {
    say(`encoding the BTF of ${name} with pahole`);
    const vmlinux = join(folder, 'vmlinux');
    await makeCoreBtf(vmlinux, join(into, 'core.btf'));
    await makeFullBtf(vmlinux, join(into, 'full.btf'));
  });
  return kernel(name);
}

export function hasKernel(name: KernelName): boolean {
  return isCached(place(name), kernels[name]) && isCached(derivedPlace(name), derivedRecipe(name));
}

/** The paths of a kernel in the cache. Throws Absent if it is missing. */
export function kernel(name: KernelName): Kernel {
  if (!hasKernel(name)) {
    throw new Absent(
      `kernel ${name} (${kernels[name].release}) has not been fetched`,
      `Fetch it with: node tools/kernels/src/main.ts fetch ${name}`,
    );
  }
  const folder = cachedAt(place(name), kernels[name]);
  const derived = cachedAt(derivedPlace(name), derivedRecipe(name));
  return {
    name,
    release: kernels[name].release,
    architecture: kernels[name].architecture,
    vmlinux: join(folder, 'vmlinux'),
    vmlinuz: join(folder, 'vmlinuz'),
    systemMap: join(folder, 'System.map'),
    modules: join(folder, 'modules'),
    coreBtf: join(derived, 'core.btf'),
    fullBtf: join(derived, 'full.btf'),
  };
}

const debugFiles = ['./usr/lib/debug/*/vmlinux*', './usr/lib/debug/*/System.map*'];

async function fetchKernel(name: KernelName, entry: KernelEntry, folder: string): Promise<void> {
  const suite = await debianSuite(entry.suite, entry.architecture);
  const found = await lookUp(suite, {
    packages: [...entry.packages, entry.debug],
    closure: false,
    family: entry.family,
  });
  const root = join(folder, 'root');
  await withPackages(suite, found, `kernel ${name} (${entry.release})`, async (files) => {
    for (const [place, file] of files.entries()) {
      // A package with debug information also has that of all modules: gigabytes.
      if (found[place]?.name !== entry.debug) await unpack(file, root);
      else await unpackSome(file, root, debugFiles);
    }
  });
  const keep = async (as: string, ...patterns: string[]) => {
    const found = patterns.flatMap((pattern) => globSync(join(root, pattern)));
    // Newer packages also have it under its older name, as a link.
    const path = found.find((one) => !lstatSync(one).isSymbolicLink());
    if (path === undefined) throw new Error(`${entry.release}: no ${as} in its packages`);
    await rename(path, join(folder, as));
  };
  await keep('vmlinux', 'usr/lib/debug/boot/vmlinux-*', 'usr/lib/debug/lib/modules/*/vmlinux');
  await keep('System.map', 'usr/lib/debug/**/System.map*');
  await keep('vmlinuz', 'boot/vmlinuz-*', 'usr/lib/modules/*/vmlinuz');
  await keep('modules', 'lib/modules/*', 'usr/lib/modules/*');
  await rm(root, { recursive: true });
}
