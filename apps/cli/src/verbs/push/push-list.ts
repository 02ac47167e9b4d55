import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { wantedKind } from '@btf-depot/unpack';
import { shownName, type SpecialFiles } from '../../files/special-file.ts';

export interface FileToPush {
  /** A readable path: a copy if the file can be read only once. */
  path: string;
  /** As the user named it, for messages. */
  name: string;
  /** Named by the user; files from a folder may be useless. */
  isNamed: boolean;
  /** The part that the user said it is; it belongs to the one kernel beside it. */
  as?: 'carrier' | 'full' | undefined;
}

const ARCHIVE = /\.(btf|tar(\.(gz|xz|zst|bz2))?|tgz)$/;

/**
 * The named files, and files of named folders that look like kernels, packages or archives; links
 * are not followed. Modules are left out: a package or a kernel has them.
 */
export async function filesToPush(
  paths: readonly string[],
  special: SpecialFiles,
): Promise<FileToPush[]> {
  const files: FileToPush[] = [];
  for (const named of paths) {
    const path = await special.regular(named);
    if (!(await stat(path)).isDirectory()) {
      files.push({ path, name: shownName(named), isNamed: true });
      continue;
    }
    const found = await promisingIn(path);
    files.push(...found.sort().map((file) => ({ path: file, name: file, isNamed: false })));
  }
  return files;
}

/** A subfolder that is unreadable, or gone meanwhile, has nothing to push. */
async function promisingIn(folder: string, isBelow = false): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isBelow) return [];
    throw error;
  });
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await promisingIn(path, true)));
    else if (entry.isFile() && isPromising(entry.name)) found.push(path);
  }
  return found;
}

function isPromising(name: string): boolean {
  const kind = wantedKind(name);
  return kind === 'kernel' || kind === 'package' || ARCHIVE.test(name);
}
