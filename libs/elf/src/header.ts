import { ByteReader, FormatError, type Endian, type Source } from '@btf-depot/bytes';
import type { ElfClass } from './machine.ts';

/** The ELF header's fields; sizes and offsets in bytes. */
export interface ElfHeader {
  readonly class: ElfClass;
  readonly endian: Endian;
  readonly osabi: number;
  readonly abiVersion: number;
  /** e_type: ElfType.REL, EXEC, DYN, CORE, … */
  readonly type: number;
  readonly machine: number;
  /** e_flags. */
  readonly flags: number;
  readonly entry: bigint;
  readonly sectionOffset: number;
  /** As in the header: 0 may mean that section 0 has it (gABI, extended numbering). */
  readonly sectionCount: number;
  readonly sectionEntrySize: number;
  /** As in the header: 0xffff may mean that section 0 has it. */
  readonly sectionNameIndex: number;
}

const MAGIC = 0x7f454c46;

/** Reads the header at the start of a file. Throws FormatError `elf-magic`, `elf-header`, `elf-truncated`. */
export function readHeader(source: Source): ElfHeader {
  const head = source.read(0, Math.min(source.size, 64));
  const options = { section: 'ELF header', code: 'elf-truncated' };
  const ident = new ByteReader(head, 'big', options);
  if (head.length < 4 || ident.u32() !== MAGIC) {
    throw new FormatError('elf-magic', 'not an ELF file', { section: 'ELF header', offset: 0 });
  }
  const classByte = ident.u8();
  const dataByte = ident.u8();
  const bits = pick(classByte, { 1: 32, 2: 64 } as const, 'class', 4);
  const endian = pick(dataByte, { 1: 'little', 2: 'big' } as const, 'byte order', 5);
  ident.skip(1);
  const osabi = ident.u8();
  const abiVersion = ident.u8();

  const reader = new ByteReader(head, endian, options);
  reader.seek(16);
  const type = reader.u16();
  const machine = reader.u16();
  reader.skip(4);
  const entry = bits === 64 ? reader.u64() : BigInt(reader.u32());
  reader.skip(bits === 64 ? 8 : 4);
  const sectionOffset = bits === 64 ? reader.u64AsNumber() : reader.u32();
  const flags = reader.u32();
  reader.skip(6);
  return {
    class: bits,
    endian,
    osabi,
    abiVersion,
    type,
    machine,
    flags,
    entry,
    sectionOffset,
    sectionEntrySize: reader.u16(),
    sectionCount: reader.u16(),
    sectionNameIndex: reader.u16(),
  };
}

function pick<T>(value: number, known: Readonly<Record<number, T>>, what: string, offset: number) {
  const found = known[value];
  if (found === undefined) {
    const where = { section: 'ELF header', offset };
    throw new FormatError('elf-header', `unknown ${what} ${value}`, where);
  }
  return found;
}
