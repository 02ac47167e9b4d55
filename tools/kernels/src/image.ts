import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, debianSuite, isCached, lookUp, withPackages } from '@btf-depot/services/provision';
import { images, type ImageEntry, type ImageName } from './table.ts';

const place = (name: ImageName) => `images/${name}`;

/** Path of the package, fetched if it is missing. Throws Absent. */
export async function provideImage(name: ImageName): Promise<string> {
  const entry: ImageEntry = images[name];
  const folder = await cached(place(name), entry, async (into) => {
    const suite = await debianSuite(entry.suite, entry.architecture);
    const wanted = { packages: [entry.package], closure: false, family: entry.family };
    const found = await lookUp(suite, wanted);
    await withPackages(suite, found, `image ${name}`, async ([file]) => {
      if (file !== undefined) await copyFile(file, join(into, 'package.deb'));
    });
  });
  return join(folder, 'package.deb');
}

export function hasImage(name: ImageName): boolean {
  return isCached(place(name), images[name]);
}
