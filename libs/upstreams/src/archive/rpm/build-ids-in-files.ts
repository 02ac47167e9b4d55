import type { Place } from '../place.ts';
import { eachElement } from './repomd.ts';

/** A link that find-debuginfo(1) makes for each file with debug information. */
const LINK = /^\/usr\/lib\/debug\/\.build-id\/([0-9a-f]{2})\/([0-9a-f]+)(?:\.debug)?$/;

/**
 * The build IDs of packages by the lists of their files.
 * @param files the list `filelists`.
 * @param packages their SHA-256.
 */
export async function buildIdsInFiles(
  files: AsyncIterable<Uint8Array>,
  place: Place,
  packages: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, Set<string>>();
  let current: Set<string> | undefined;
  await eachElement(files, place, {
    open({ name, attributes }) {
      if (name !== 'package') return;
      const { pkgid = '' } = attributes;
      current = packages.has(pkgid) ? new Set() : undefined;
      if (current) found.set(pkgid, current);
    },
    close(name, text) {
      if (name !== 'file' || !current) return;
      const [, first, rest] = LINK.exec(text) ?? [];
      if (first !== undefined && rest !== undefined) current.add(first + rest);
    },
  });
  return found;
}
