import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { placeOf, type ArchiveItem } from '@btf-depot/upstreams';

/** Files of a folder and its subfolders, as packages of which nothing else is known. */
export async function* readFolder(
  root: string,
  isWanted: (name: string) => boolean,
): AsyncGenerator<ArchiveItem> {
  const place = placeOf(root);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && isWanted(entry.name));
  const paths = files.map((entry) => relative(root, join(entry.parentPath, entry.name))).sort();
  for (const path of paths) {
    const file = join(root, path);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    const { size, mtime } = await stat(file);
    yield {
      place,
      path,
      size,
      name: path,
      version: '',
      architecture: '',
      release: path,
      sha256: hash.digest('hex'),
      built: mtime,
    };
  }
}
