import type { StreamReader } from '@btf-depot/bytes';
import { readCard } from './card.ts';
import type { Tools } from '../format.ts';
import type { Member } from '../member.ts';
import { readPkgInfo } from './package-info.ts';
import { readTar } from '../archives/tar.ts';

/** A tar whose member `.PKGINFO` describes the package: the common form of apk and pacman. */
export async function* readPkgInfoTar(
  format: string,
  reader: StreamReader,
  tools: Tools,
): AsyncGenerator<Member> {
  for await (const member of readTar(reader)) {
    if (member.isFile && member.name === '.PKGINFO') {
      const text = await readCard(member);
      if (text !== undefined) tools.isPackage(readPkgInfo(format, text));
    } else {
      yield member;
    }
  }
}
