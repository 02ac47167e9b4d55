import { ByteWriter, type Source } from '@btf-depot/bytes';
import { SectionFlag, SectionType } from './constants.ts';
import { ELF_LIMITS } from './limits.ts';
import { readHeader, type ElfHeader } from './header.ts';
import { readRange, readSections, type ElfSection } from './sections.ts';

/** Bytes of a file, from its start. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

/** The changed fields of a section's header. */
interface Kept {
  readonly type: number;
  readonly offset: number;
}

/**
 * The same ELF file with only the contents of some ranges: a reader of these ranges and of the
 * headers sees no difference. Sections keep index, name, address and size. Bytes of a section
 * outside the ranges become zeros; a section without any range becomes NOBITS, or an unused header
 * if it has no address. Segments are left out.
 *
 * Throws the errors of `readElf`.
 */
export function reduceElf(source: Source, ranges: readonly FileRange[]): Uint8Array<ArrayBuffer> {
  const header = readHeader(source);
  const sections = readSections(source, header, ELF_LIMITS);
  const wide = header.class === 64;
  const out = new ByteWriter(header.endian, 4096);
  out.zeros(wide ? 64 : 52);
  const kept = sections.map((section) => keep(out, source, section, ranges));
  out.align(8);
  const table = out.length;
  const entry = header.sectionEntrySize;
  out.bytes(readRange(source, header.sectionOffset, entry * sections.length, 'section headers'));
  const bytes = out.finish();
  bytes.set(source.read(0, wide ? 64 : 52));
  const view = new DataView(bytes.buffer);
  patchHeader(view, header, sections.length === 0 ? 0 : table);
  kept.forEach((one, index) => patchSection(view, header, table + index * entry, one));
  return bytes;
}

/** Writes the bytes of a section that are in the ranges. */
function keep(
  out: ByteWriter,
  source: Source,
  section: ElfSection,
  ranges: readonly FileRange[],
): Kept {
  const { type, flags, size, offset, name } = section;
  // An unused header has no sizes: in section 0 they are numbers that do not fit in the file's
  // header.
  if (type === SectionType.NULL || type === SectionType.NOBITS) return { type, offset: 0 };
  const end = offset + size;
  const touching = ranges.filter((one) => one.offset < end && one.offset + one.length > offset);
  if (touching.length === 0) {
    const hasAddress = (flags & SectionFlag.ALLOC) !== 0;
    return { type: hasAddress ? SectionType.NOBITS : SectionType.NULL, offset: 0 };
  }
  // The file contains all of it, whatever the ranges say: no memory is allocated for a false size.
  readRange(source, end, 0, name);
  const content = new Uint8Array(size);
  for (const range of touching) {
    const from = Math.max(range.offset, offset);
    const to = Math.min(range.offset + range.length, end);
    content.set(readRange(source, from, to - from, name), from - offset);
  }
  out.align(8);
  const at = out.length;
  out.bytes(content);
  return { type, offset: at };
}

function patchHeader(view: DataView, header: ElfHeader, sectionOffset: number): void {
  const little = header.endian === 'little';
  if (header.class === 64) {
    view.setBigUint64(32, 0n, little);
    view.setBigUint64(40, BigInt(sectionOffset), little);
    view.setUint16(56, 0, little);
  } else {
    view.setUint32(28, 0, little);
    view.setUint32(32, sectionOffset, little);
    view.setUint16(44, 0, little);
  }
}

function patchSection(view: DataView, header: ElfHeader, at: number, kept: Kept): void {
  const little = header.endian === 'little';
  if (kept.type === SectionType.NULL) view.setUint32(at, 0, little);
  view.setUint32(at + 4, kept.type, little);
  if (header.class === 64) view.setBigUint64(at + 24, BigInt(kept.offset), little);
  else view.setUint32(at + 16, kept.offset, little);
}
