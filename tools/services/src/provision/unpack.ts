import { mkdir } from 'node:fs/promises';
import { run } from './command.ts';

/** Unpacks a whole Debian package into a folder. */
export async function unpack(deb: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await run('dpkg-deb', ['-x', deb, folder]);
}

// tar stops at the archive's end mark, before dpkg-deb has written the padding after it. So only
// tar's status counts, and it fails if the archive ends early.
const someMembers = 'deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" 2> /dev/null | tar -x "$@"';

/**
 * Unpacks the files of a Debian package that match the patterns (tar's, with `./` in front): most
 * of a package with debug information is not needed.
 */
export async function unpackSome(
  deb: string,
  folder: string,
  patterns: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await run('sh', ['-c', someMembers, 'sh', deb, '-C', folder, '--wildcards', ...patterns]);
}
