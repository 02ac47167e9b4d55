import { ByteWriter, type Endian } from '@btf-depot/bytes';
import { ElfType, SectionType } from './constants.ts';
import type { ElfClass } from './machine.ts';

/** A section to be written. */
export interface SectionInput {
  readonly name: string;
  /** Default PROGBITS. */
  readonly type?: number | undefined;
  readonly flags?: number;
  /** Default 1. */
  readonly align?: number | undefined;
  readonly entrySize?: number;
  readonly bytes: Uint8Array;
}

export interface RelocatableInput {
  readonly class: ElfClass;
  readonly endian: Endian;
  readonly machine: number;
  /** e_flags. */
  readonly flags?: number;
  readonly osabi?: number;
  readonly abiVersion?: number;
  readonly sections: readonly SectionInput[];
}

interface Placed {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly align: number;
  readonly entrySize: number;
  readonly offset: number;
  readonly size: number;
  readonly link?: number;
  readonly info?: number;
}

/**
 * A relocatable file (ET_REL) with the given sections in the given order, then one empty symbol
 * table, .strtab and .shstrtab, which the kernel's module loader demands. The same input gives the
 * same bytes. Throws RangeError for more than 0xfeff sections.
 */
export function writeRelocatable(input: RelocatableInput): Uint8Array<ArrayBuffer> {
  const { class: bits, endian } = input;
  const wide = bits === 64;
  const count = input.sections.length + 4;
  if (count >= 0xff00) throw new RangeError(`${count} sections need extended numbering`);

  const body = new ByteWriter(endian, 4096);
  body.zeros(wide ? 64 : 52);
  const placed: Placed[] = [];
  for (const section of input.sections) placed.push(place(body, section));
  const own = placeTables(body, placed, wide);
  body.align(8);
  const sectionOffset = body.length;
  body.zeros(wide ? 64 : 40);
  for (const [index, section] of own.placed.entries()) {
    writeSectionHeader(body, section, own.names.offsets[index], wide);
  }
  const bytes = body.finish();
  bytes.set(fileHeader(input, sectionOffset, count), 0);
  return bytes;
}

function place(body: ByteWriter, section: SectionInput): Placed {
  const { name, type = SectionType.PROGBITS, flags = 0, align = 1, entrySize = 0, bytes } = section;
  body.align(align);
  const offset = body.length;
  if (type !== SectionType.NOBITS) body.bytes(bytes);
  return { name, type, flags, align, entrySize, offset, size: bytes.length };
}

/** The tables that every relocatable file has, after the caller's sections. */
function placeTables(body: ByteWriter, sections: readonly Placed[], wide: boolean) {
  const strtabIndex = sections.length + 2;
  const entrySize = wide ? 24 : 16;
  const symtab = { name: '.symtab', type: SectionType.SYMTAB, align: wide ? 8 : 4, entrySize };
  const names = stringTable([
    ...sections.map(({ name }) => name),
    '.symtab',
    '.strtab',
    '.shstrtab',
  ]);
  const placed: Placed[] = [...sections];
  // One null symbol, so sh_info (one past the last local) is 1.
  placed.push({
    ...place(body, { ...symtab, bytes: new Uint8Array(entrySize) }),
    link: strtabIndex,
    info: 1,
  });
  const strings = { type: SectionType.STRTAB };
  placed.push(place(body, { ...strings, name: '.strtab', bytes: Uint8Array.of(0) }));
  placed.push(place(body, { ...strings, name: '.shstrtab', bytes: names.bytes }));
  return { placed, names };
}

function stringTable(strings: readonly string[]): { bytes: Uint8Array; offsets: number[] } {
  const writer = new ByteWriter('little').u8(0);
  const known = new Map<string, number>();
  const offsets = strings.map((string) => {
    let offset = known.get(string);
    if (offset === undefined) {
      offset = writer.length;
      known.set(string, offset);
      writer.bytes(Buffer.from(string, 'latin1')).u8(0);
    }
    return offset;
  });
  return { bytes: writer.finish(), offsets };
}

function writeSectionHeader(out: ByteWriter, section: Placed, name: number, wide: boolean): void {
  const word = (value: number): ByteWriter => (wide ? out.u64(value) : out.u32(value));
  out.u32(name).u32(section.type);
  word(section.flags);
  word(0);
  word(section.offset);
  word(section.size);
  out.u32(section.link ?? 0).u32(section.info ?? 0);
  word(section.align);
  word(section.entrySize);
}

function fileHeader(input: RelocatableInput, sectionOffset: number, count: number): Uint8Array {
  const { class: bits, endian, machine, flags = 0, osabi = 0, abiVersion = 0 } = input;
  const wide = bits === 64;
  const out = new ByteWriter(endian, 64);
  const word = (value: number): ByteWriter => (wide ? out.u64(value) : out.u32(value));
  out.bytes(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, endian === 'little' ? 1 : 2, 1));
  out.u8(osabi).u8(abiVersion).zeros(7);
  out.u16(ElfType.REL).u16(machine).u32(1);
  word(0);
  word(0);
  word(sectionOffset);
  out.u32(flags);
  out.u16(wide ? 64 : 52);
  out.u16(0).u16(0);
  out
    .u16(wide ? 64 : 40)
    .u16(count)
    .u16(count - 1);
  return out.finish();
}
