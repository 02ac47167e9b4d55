import type { Source } from '@btf-depot/bytes';
import {
  SectionFlag,
  SectionType,
  type Elf,
  type ElfSection,
  type FileRange,
} from '@btf-depot/elf';
import { readKallsyms, type Kallsyms, type KallsymsOptions } from './read-kallsyms.ts';
import { relocatedImage, relocatedWord } from './relocated-base.ts';

/** Most bytes of an image in memory form; the largest of distributions have 60 MB. */
const IMAGE_LIMIT = 256 * 2 ** 20;

/**
 * The symbols inside a vmlinux, stripped or not. The kernel's build puts them into `.rodata`; if
 * they are not there, other loaded sections are searched.
 *
 * Throws FormatError `kallsyms-limit`, and `elf-truncated`, `elf-limit` for sections.
 */
export function elfKallsyms(elf: Elf, options: KallsymsOptions = {}): Kallsyms | undefined {
  return foundIn(elf, options)?.kallsyms;
}

/** The section of a vmlinux that was read for its kallsyms, as a range of the file. */
export function kallsymsRange(elf: Elf): { section: ElfSection; tables: FileRange } | undefined {
  const found = foundIn(elf, {});
  if (!found) return undefined;
  const { section, kallsyms } = found;
  const { start, end } = kallsyms.extent;
  return { section, tables: { offset: section.offset + start, length: end - start } };
}

function foundIn(
  elf: Elf,
  options: KallsymsOptions,
): { section: ElfSection; kallsyms: Kallsyms } | undefined {
  const loaded = elf.sections.filter(
    ({ type, flags }) => type === SectionType.PROGBITS && (flags & SectionFlag.ALLOC) !== 0,
  );
  const isFirst = ({ name }: ElfSection) => (name === '.rodata' ? 0 : 1);
  for (const section of loaded.sort((a, b) => isFirst(a) - isFirst(b))) {
    const bytes = elf.bytes(section);
    const where = { ...options, address: section.address };
    const found = readKallsyms(bytes, where);
    if (!found) continue;
    const word = found.base && relocatedWord(elf, section.address + BigInt(found.base.at));
    const linked = word === undefined ? found : readKallsyms(bytes, { ...where, base: word });
    return linked && { section, kallsyms: linked };
  }
  return undefined;
}

/**
 * The symbols inside a kernel in memory form: arm64's and RISC-V's Image, an unpacked zImage. If
 * its link address is unknown, addresses count from its first byte, or from the lowest symbol.
 *
 * Throws FormatError `kallsyms-limit`.
 */
export function imageKallsyms(source: Source, options: KallsymsOptions = {}): Kallsyms | undefined {
  if (source.size > IMAGE_LIMIT) return undefined;
  const image = source.read(0, source.size);
  const found = readKallsyms(image, options);
  if (found?.base?.value !== 0n) return found;
  const linked = relocatedImage(image, found.base.at);
  return linked ? readKallsyms(image, { ...options, base: linked.word }) : found;
}
