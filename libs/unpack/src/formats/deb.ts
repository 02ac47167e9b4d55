import { FormatError, type Source } from '@btf-depot/bytes';
import { readAr, type ArMember } from '../archives/ar.ts';
import { readCard } from '../packages/card.ts';
import { hasText, type ArchiveFormat, type Part, type Tools } from '../format.ts';
import { sameName } from '../member.ts';
import { readControl } from '../packages/package-info.ts';
import { readTar } from '../archives/tar.ts';

/** Debian packages, deb(5); also opkg's where they are ar archives. */
export const deb: ArchiveFormat = {
  kind: 'archive',
  name: 'deb',
  fileName: /\.(deb|ddeb|udeb)$/,
  begins: (head) => hasText(head, 0, '!<arch>\n'),
  async *members(source, tools) {
    const { control, data } = partsOf(source);
    await readControlPart(source, control, tools);
    yield* readTar(tools.reader('tar', source, data));
  },
};

/** @throws FormatError `deb-truncated`, `deb-corrupt`. */
function partsOf(source: Source): { control: Part; data: Part } {
  const [first, ...members] = readAr(source);
  if (first?.name !== 'debian-binary' || !isVersion2(source, first)) {
    throw new FormatError('deb-corrupt', 'an ar archive, but not a Debian package of version 2', {
      section: 'ar',
    });
  }
  const find = (prefix: string): Part => {
    const member = members.find(({ name }) => name.startsWith(prefix));
    if (!member) throw new FormatError('deb-corrupt', `no ${prefix} in it`, { section: 'ar' });
    return { offset: member.offset, length: member.size };
  };
  return { control: find('control.tar'), data: find('data.tar') };
}

function isVersion2(source: Source, { offset, size }: ArMember): boolean {
  return Buffer.from(source.read(offset, Math.min(size, 4))).toString('latin1') === '2.0\n';
}

/** The package's description, and its files: deb-md5sums(5), which most packages have. */
async function readControlPart(source: Source, part: Part, tools: Tools): Promise<void> {
  for await (const member of readTar(tools.reader('tar', source, part))) {
    tools.member();
    const name = sameName(member.name);
    const isCard = member.isFile && (name === 'control' || name === 'md5sums');
    const text = isCard ? await readCard(member) : undefined;
    if (text === undefined) continue;
    if (name === 'control') tools.isPackage(readControl('deb', text));
    else tools.lists(text.split('\n').map((line) => line.replace(/^\S+ +/, '')));
  }
}
