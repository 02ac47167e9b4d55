import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, debianSuite, lookUp, withPackages } from '@btf-depot/services/provision';
import { kernels, type KernelEntry, type KernelName } from './table.ts';

/**
 * Path of a kernel's package as Debian serves it: with the image, with the modules (the same one,
 * except for newer kernels), or with debug information. Throws Absent.
 */
export async function providePackage(
  name: KernelName,
  which: 'image' | 'modules' | 'debug',
): Promise<string> {
  const entry: KernelEntry = kernels[name];
  const [image = '', modules = image] = entry.packages;
  const wanted = { image, modules, debug: entry.debug }[which];
  const folder = await cached(`packages/${wanted}`, [entry, which], async (into) => {
    const suite = await debianSuite(entry.suite, entry.architecture);
    const found = await lookUp(suite, { packages: [wanted], closure: false, family: entry.family });
    await withPackages(suite, found, `package ${wanted}`, async ([file]) => {
      if (file !== undefined) await copyFile(file, join(into, 'package.deb'));
    });
  });
  return join(folder, 'package.deb');
}
