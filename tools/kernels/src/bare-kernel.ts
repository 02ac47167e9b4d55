import { globSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import {
  Absent,
  cached,
  cachedAt,
  debianSuite,
  isCached,
  lookUp,
  unpack,
  withPackages,
} from '@btf-depot/services/provision';
import { bareKernels, type BareKernelEntry, type BareKernelName } from './table.ts';

/** A kernel in the cache without its debug information, by paths. */
export interface BareKernel {
  readonly name: BareKernelName;
  readonly release: string;
  readonly architecture: string;
  /** The image that boots, as QEMU takes it. */
  readonly vmlinuz: string;
  /** The folder of its modules, `/lib/modules/RELEASE` on a system. */
  readonly modules: string;
}

const place = (name: BareKernelName) => `bare/${name}`;

/** The kernel, fetched if it is missing. Throws Absent. */
export async function provideBareKernel(name: BareKernelName): Promise<BareKernel> {
  const entry: BareKernelEntry = bareKernels[name];
  await cached(place(name), entry, (into) => fetchBareKernel(entry, into));
  return bareKernel(name);
}

export function hasBareKernel(name: BareKernelName): boolean {
  return isCached(place(name), bareKernels[name]);
}

/** The paths of a kernel in the cache. Throws Absent if it is missing. */
export function bareKernel(name: BareKernelName): BareKernel {
  const { release, architecture } = bareKernels[name];
  if (!hasBareKernel(name)) {
    throw new Absent(
      `kernel ${name} (${release}) has not been fetched`,
      `Fetch it with: node tools/kernels/src/main.ts fetch ${name}`,
    );
  }
  const folder = cachedAt(place(name), bareKernels[name]);
  const [vmlinuz, modules] = [join(folder, 'vmlinuz'), join(folder, 'modules')];
  return { name, release, architecture, vmlinuz, modules };
}

async function fetchBareKernel(entry: BareKernelEntry, folder: string): Promise<void> {
  const { release, suite: name, architecture, packages, family } = entry;
  const suite = await debianSuite(name, architecture);
  const found = await lookUp(suite, { packages, closure: false, family });
  const root = join(folder, 'root');
  await withPackages(suite, found, `kernel ${release} (${architecture})`, async (files) => {
    for (const file of files) await unpack(file, root);
  });
  const [image] = globSync(join(root, '{boot,usr/lib/modules/*}/vmlinu[xz]*'));
  const [modules] = globSync(join(root, '{,usr/}lib/modules/*'));
  if (image === undefined || modules === undefined) {
    throw new Error(`${release}: no image or no modules in its packages`);
  }
  await rename(image, join(folder, 'vmlinuz'));
  await rename(modules, join(folder, 'modules'));
  await rm(root, { recursive: true });
  if (entry.isZboot) await unpackZboot(join(folder, 'vmlinuz'));
}

/** QEMU 10 reads such images if they are packed with gzip; Debian's are packed with zstd. */
async function unpackZboot(path: string): Promise<void> {
  const bytes = await readFile(path);
  const [offset, length] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
  await writeFile(path, zstdDecompressSync(bytes.subarray(offset, offset + length)));
}
