import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import { SectionIndex, SectionType } from './constants.ts';
import type { ElfHeader } from './header.ts';
import { checkLimit, type ElfLimits } from './limits.ts';
import { stringAt } from './strings.ts';

/** A section header; `offset` and `size` are bytes of the file, `address` is its load address. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  /** sh_flags; all flags in use fit in 32 bits. */
  readonly flags: number;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entrySize: number;
}

interface RawSection extends Omit<ElfSection, 'name'> {
  readonly nameOffset: number;
}

const TABLE = 'section headers';

/**
 * Reads the section headers, with extended numbering (gABI: more than 0xfeff sections, count and
 * name table's index in section 0). Throws FormatError `elf-truncated`, `elf-limit`, `elf-string`.
 */
export function readSections(source: Source, header: ElfHeader, limits: ElfLimits): ElfSection[] {
  if (header.sectionOffset === 0) return [];
  const least = header.class === 64 ? 64 : 40;
  if (header.sectionEntrySize < least) {
    const message = `section headers of ${header.sectionEntrySize} bytes, expected ${least}`;
    throw new FormatError('elf-header', message, { section: 'ELF header' });
  }
  const [first] = readTable(source, header, 1);
  const count = header.sectionCount === 0 ? first.size : header.sectionCount;
  checkLimit('sections', count, limits.sections);
  const raw = readTable(source, header, count);
  const nameIndex =
    header.sectionNameIndex === SectionIndex.XINDEX ? first.link : header.sectionNameIndex;
  const names = readNames(source, raw.at(nameIndex), limits);
  return raw.map(({ nameOffset, ...section }) => ({
    ...section,
    name: names === undefined ? '' : stringAt(names, nameOffset, '.shstrtab'),
  }));
}

function readTable(source: Source, header: ElfHeader, count: number): RawSection[] {
  const { sectionOffset, sectionEntrySize } = header;
  const length = count * sectionEntrySize;
  if (sectionOffset > source.size - length) {
    const message = `${count} section headers do not fit in a file of ${source.size} bytes`;
    throw new FormatError('elf-truncated', message, { section: TABLE, offset: sectionOffset });
  }
  const reader = new ByteReader(source.read(sectionOffset, length), header.endian, {
    section: TABLE,
    base: sectionOffset,
    code: 'elf-truncated',
  });
  const wide = header.class === 64;
  const word = (): number => (wide ? reader.u64AsNumber() : reader.u32());
  return Array.from({ length: count }, (_, index) => {
    reader.seek(index * sectionEntrySize);
    return {
      index,
      nameOffset: reader.u32(),
      type: reader.u32(),
      flags: wide ? Number(reader.u64() & 0xffffffffn) : reader.u32(),
      address: wide ? reader.u64() : BigInt(reader.u32()),
      offset: word(),
      size: word(),
      link: reader.u32(),
      info: reader.u32(),
      align: word(),
      entrySize: word(),
    };
  });
}

function readNames(source: Source, table: RawSection | undefined, limits: ElfLimits) {
  if (table === undefined || table.type === SectionType.NULL) return undefined;
  checkLimit('bytes', table.size, limits.sectionBytes, '.shstrtab');
  return readRange(source, table.offset, table.size, '.shstrtab');
}

/** Bytes of a file, or FormatError `elf-truncated` that names the section. */
export function readRange(source: Source, offset: number, size: number, name: string): Uint8Array {
  if (offset > source.size - size) {
    const message = `needs ${size} bytes at file offset ${offset}, the file has ${source.size}`;
    throw new FormatError('elf-truncated', message, { section: name });
  }
  return source.read(offset, size);
}
