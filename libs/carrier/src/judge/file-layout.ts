import { FormatError } from '@btf-depot/bytes';
import { ElfType, SectionType, type Elf } from '@btf-depot/elf';

/** A range of the file, and its meaning. */
interface Range {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** An empty module has 27 sections, the carrier of any architecture fewer. */
const MOST_SECTIONS = 200;
/**
 * A kernel computes the layout of a module in 32 bits: an alignment of 2^32 resets its sum of sizes
 * to 0.
 */
const MOST_ALIGNMENT = 4096;

/**
 * Checks that the file is its headers and its sections, each once, and zero bytes for alignment.
 * Nothing can hide in a gap, after the end, in two sections at once, or in a second section of a
 * name, which readers of the first one miss. No alignment makes a kernel misjudge a size. Throws
 * FormatError `carrier-layout`.
 */
export function checkFileLayout(elf: Elf, bytes: Uint8Array): void {
  const wide = elf.class === 64;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [headerSize, entrySize] = wide ? [64, 64] : [52, 40];
  const { header, sections } = elf;
  checkHeader(elf, view, headerSize);
  if (header.sectionEntrySize !== entrySize || header.sectionCount !== sections.length) {
    throw wrong('ELF header', 'its section headers are of another size or number than they say');
  }
  if (sections.length > MOST_SECTIONS) throw wrong('ELF header', `${sections.length} sections`);
  const tableEnd = header.sectionOffset + sections.length * entrySize;
  for (let at = 0; at < entrySize; at++) {
    if (bytes[header.sectionOffset + at] !== 0) throw wrong('section 0', 'it is not empty');
  }
  if (sections[0]?.name !== '') throw wrong('section 0', 'it has a name');
  // Flags in their upper half: no kernel and no tool has any.
  for (const { index, name } of wide ? sections : []) {
    const flags = view.getBigUint64(header.sectionOffset + index * 64 + 8, elf.endian === 'little');
    if (flags > 0xffffffffn) throw wrong(name, 'its flags are unknown');
  }
  checkNames(elf);
  for (const { name, align } of sections) {
    // `&` drops bits beyond 32, so the limit is checked first.
    if (align <= MOST_ALIGNMENT && (align & (align - 1)) === 0) continue;
    throw wrong(name, `its alignment is ${align}`);
  }
  const ranges = [
    { what: 'the ELF header', start: 0, end: headerSize },
    { what: 'the section headers', start: header.sectionOffset, end: tableEnd },
    ...sections.filter(hasBytes).map(({ name, offset, size }) => ({
      what: name,
      start: offset,
      end: offset + size,
    })),
  ];
  checkRanges(ranges, bytes);
}

function checkHeader({ header, endian }: Elf, view: DataView, size: number): void {
  const little = endian === 'little';
  // e_ident after the ABI, e_version, e_entry, and everything about program headers.
  const [entry, wordSize] = [24, size === 64 ? 8 : 4];
  const rest = entry + 3 * wordSize + 4;
  const isPlain =
    header.type === ElfType.REL &&
    view.getUint8(6) === 1 &&
    isZero(view, 9, 16) &&
    view.getUint32(20, little) === 1 &&
    isZero(view, entry, entry + 2 * wordSize) &&
    view.getUint16(rest, little) === size &&
    isZero(view, rest + 2, rest + 6);
  if (!isPlain) throw wrong('ELF header', 'it is not that of a kernel module');
}

function checkNames({ sections }: Elf): void {
  const seen = new Set<string>();
  for (const { index, name, type, size } of sections) {
    if (index === 0) continue;
    // Linux 7.2's own modules have an empty .note.GNU-stack twice.
    const isMark = name === STACK_MARK && size === 0;
    if (seen.has(name) && !isMark) throw wrong(name, 'there are two sections of that name');
    seen.add(name);
    if (type === SectionType.NULL) throw wrong(name, 'a section header that means nothing');
  }
  const tables = sections.filter(({ type }) => type === SectionType.SYMTAB);
  if (tables.length !== 1) throw wrong('.symtab', `there are ${tables.length} symbol tables`);
}

const STACK_MARK = '.note.GNU-stack';

function checkRanges(ranges: readonly Range[], bytes: Uint8Array): void {
  let before: Range = { what: 'the start', start: 0, end: 0 };
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    if (range.start < before.end) throw wrong(range.what, `it overlaps ${before.what}`);
    for (let at = before.end; at < range.start; at++) {
      if (bytes[at] !== 0) throw hidden(at, `between ${before.what} and ${range.what}`);
    }
    before = range;
  }
  if (before.end !== bytes.length) throw hidden(before.end, `behind ${before.what}, the last`);
}

function hasBytes({ type, size }: { type: number; size: number }): boolean {
  return type !== SectionType.NOBITS && type !== SectionType.NULL && size > 0;
}

function isZero(view: DataView, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (view.getUint8(at) !== 0) return false;
  return true;
}

function hidden(offset: number, where: string): FormatError {
  return new FormatError('carrier-layout', `there are bytes ${where}`, { offset });
}

function wrong(section: string, what: string): FormatError {
  return new FormatError('carrier-layout', what, { section });
}
