import { ByteWriter, type Endian } from '@btf-depot/bytes';
import { ElfType, SectionFlag, SectionType, SymbolType } from '../constants.ts';
import { Machine } from '../machine.ts';

export interface ExecutableSection {
  readonly name: string;
  /** Default 0. */
  readonly address?: bigint;
  /** Default PROGBITS. */
  readonly type?: number;
  /** Default ALLOC. */
  readonly flags?: number;
  readonly bytes: Uint8Array;
}

export interface ExecutableSymbol {
  readonly name: string;
  readonly value: bigint;
  /** Default 0. */
  readonly size?: number;
  /** Default OBJECT. */
  readonly type?: number;
  /** Name of its section, or a section index; default the first section. */
  readonly section?: string | number;
}

export interface ExecutableInput {
  readonly endian?: Endian;
  readonly machine?: number;
  /** ELF type; default EXEC. */
  readonly type?: number;
  readonly sections: readonly ExecutableSection[];
  /** Without them the file is stripped. */
  readonly symbols?: readonly ExecutableSymbol[] | undefined;
}

/** A section header's fields, and the section that it describes. */
interface Row {
  readonly name: number;
  readonly type: number;
  readonly flags: number;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly link: number;
  readonly entry: number;
}

/** A small 64-bit ELF file with sections at addresses and a symbol table, as a vmlinux has. */
export function executable(input: ExecutableInput): Uint8Array {
  const { endian = 'little', machine = Machine.X86_64, type = ElfType.EXEC, symbols } = input;
  const strings = new ByteWriter(endian).u8(0);
  const nameOf = (text: string): number => {
    const at = strings.length;
    strings.bytes(Buffer.from(text, 'latin1')).u8(0);
    return at;
  };
  const rows: Row[] = input.sections.map((section) => ({
    name: nameOf(section.name),
    type: section.type ?? SectionType.PROGBITS,
    flags: section.flags ?? SectionFlag.ALLOC,
    address: section.address ?? 0n,
    bytes: section.bytes,
    link: 0,
    entry: 0,
  }));
  const stringIndex = rows.length + (symbols ? 2 : 1);
  if (symbols) {
    const table = new ByteWriter(endian).zeros(24);
    for (const { name, value, size = 0, type: kind = SymbolType.OBJECT, section } of symbols) {
      const index =
        typeof section === 'number'
          ? section
          : input.sections.findIndex((one) => one.name === section) + 1 || 1;
      table.u32(nameOf(name)).u8(kind).u8(0).u16(index).u64(value).u64(size);
    }
    const name = nameOf('.symtab');
    const where = { type: SectionType.SYMTAB, flags: 0, address: 0n };
    rows.push({ name, ...where, bytes: table.finish(), link: stringIndex, entry: 24 });
  }
  const name = nameOf('.strtab');
  const where = { type: SectionType.STRTAB, flags: 0, address: 0n };
  rows.push({ name, ...where, bytes: strings.finish(), link: 0, entry: 0 });

  const body = new ByteWriter(endian).zeros(64);
  const offsets = rows.map(({ bytes }) => {
    const at = body.align(8).length;
    body.bytes(bytes);
    return at;
  });
  const headers = body.align(8).length;
  body.zeros(64);
  rows.forEach((row, index) => {
    body.u32(row.name).u32(row.type).u64(row.flags).u64(row.address);
    body.u64(offsets[index] ?? 0).u64(row.bytes.length);
    body.u32(row.link).u32(0).u64(1).u64(row.entry);
  });
  const file = body.finish();
  const head = new ByteWriter(endian);
  head.bytes(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, endian === 'little' ? 1 : 2, 1)).zeros(9);
  head.u16(type).u16(machine).u32(1).u64(0).u64(0).u64(headers).u32(0);
  head.u16(64).u16(0).u16(0).u16(64);
  head.u16(rows.length + 1).u16(stringIndex);
  file.set(head.finish(), 0);
  return file;
}
