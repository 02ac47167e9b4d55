import { FormatError, type Source } from '@btf-depot/bytes';
import { readAr, type ArMember } from './ar.ts';
import { packageInfo, type PackageInfo } from './package-info.ts';

/** Where the parts of a Debian package lie, deb(5). */
export interface DebParts {
  readonly control: ArMember;
  readonly data: ArMember;
}

/** Throws FormatError `deb-truncated`, `deb-corrupt`. */
export function readDeb(source: Source): DebParts {
  const [first, ...members] = readAr(source);
  if (first?.name !== 'debian-binary' || !isVersion2(source, first)) {
    throw new FormatError('deb-corrupt', 'an ar archive, but no Debian package of version 2', {
      section: 'ar',
    });
  }
  const find = (prefix: string): ArMember => {
    const member = members.find(({ name }) => name.startsWith(prefix));
    if (!member) throw new FormatError('deb-corrupt', `no ${prefix} in it`, { section: 'ar' });
    return member;
  };
  return { control: find('control.tar'), data: find('data.tar') };
}

function isVersion2(source: Source, { offset, size }: ArMember): boolean {
  return Buffer.from(source.read(offset, Math.min(size, 4))).toString('latin1') === '2.0\n';
}

/** The fields of a `control` file, deb-control(5), that say what package it is. */
export function readControl(text: string): PackageInfo | undefined {
  const field = (name: string) => new RegExp(`^${name}: *(\\S+) *$`, 'm').exec(text)?.[1];
  return packageInfo('deb', field('Package'), field('Version'), field('Architecture'));
}
