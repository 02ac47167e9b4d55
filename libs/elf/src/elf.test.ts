import { bytesSource, ByteWriter, FormatError } from '@btf-depot/bytes';
import { describe, expect, it } from 'vitest';
import {
  buildIdOf,
  Machine,
  machineName,
  readElf,
  readNotes,
  SectionFlag,
  SectionType,
  SymbolTable,
  writeRelocatable,
  type RelocatableInput,
} from './index.ts';

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof FormatError ? error.code : String(error);
  }
  return undefined;
}

function note(endian: 'little' | 'big', owner: string, type: number, bytes: number[]): Uint8Array {
  return new ByteWriter(endian)
    .u32(owner.length + 1)
    .u32(bytes.length)
    .u32(type)
    .bytes(Buffer.from(`${owner}\0`))
    .align(4)
    .bytes(Uint8Array.from(bytes))
    .align(4)
    .finish();
}

describe.each([
  [64, 'little'],
  [64, 'big'],
  [32, 'little'],
  [32, 'big'],
] as const)('a relocatable file of class %d, %s endian', (bits, endian) => {
  const input: RelocatableInput = {
    class: bits,
    endian,
    machine: Machine.AARCH64,
    flags: 0x5000400,
    osabi: 3,
    sections: [
      { name: '.modinfo', flags: SectionFlag.ALLOC, bytes: Buffer.from('name=x\0') },
      { name: '.BTF', align: 8, bytes: Uint8Array.of(0x9f, 0xeb, 1) },
      { name: '.BTF.vars', align: 8, bytes: Uint8Array.of(0x9f, 0xeb, 1) },
      {
        name: '.note',
        type: SectionType.NOTE,
        align: 4,
        bytes: note(endian, 'GNU', 3, [1, 2, 254]),
      },
      { name: '.bss', type: SectionType.NOBITS, bytes: new Uint8Array(64) },
    ],
  };
  const written = writeRelocatable(input);
  const elf = readElf(bytesSource(written));

  it('is read back as it was written', () => {
    expect(elf.header).toMatchObject({
      class: bits,
      endian,
      machine: Machine.AARCH64,
      flags: 0x5000400,
      osabi: 3,
      type: 1,
    });
    expect(elf.sections.map(({ name }) => name)).toEqual([
      '',
      '.modinfo',
      '.BTF',
      '.BTF.vars',
      '.note',
      '.bss',
      '.symtab',
      '.strtab',
      '.shstrtab',
    ]);
    const btf = elf.section('.BTF');
    expect(btf && [...elf.bytes(btf)]).toEqual([0x9f, 0xeb, 1]);
    expect((btf?.offset ?? 1) % 8).toBe(0);
    expect(elf.buildId()).toBe('0102fe');
  });

  it('has the same bytes each time', () => {
    expect(writeRelocatable(input)).toEqual(written);
  });

  it('gives an error or a value for every truncation', () => {
    for (let length = 0; length < written.length; length++) {
      const code = codeOf(() => {
        const cut = readElf(bytesSource(written.subarray(0, length)));
        for (const section of cut.sections) cut.bytes(section);
      });
      expect(code).toMatch(/^elf-/);
    }
  });
});

/** A 64-bit little-endian executable with one data section, symbols and extended numbering. */
function executable(): Uint8Array {
  const strings = Buffer.from('\0vermagic\0other\0');
  const symbols = new ByteWriter('little').zeros(24);
  const symbol = (name: number, section: number, value: bigint, size: number): void => {
    symbols.u32(name).u8(0x11).u8(0).u16(section).u64(value).u64(size);
  };
  symbol(1, 0, 0n, 0);
  symbol(1, 0xffff, 0xffffffff81000004n, 5);
  symbol(10, 0xfff1, 0x1234n, 0);
  const relocatable = writeRelocatable({
    class: 64,
    endian: 'little',
    machine: Machine.X86_64,
    sections: [
      { name: '.data', flags: 3, bytes: Buffer.from('....6.12\0....') },
      { name: '.syms', type: SectionType.SYMTAB, entrySize: 24, bytes: symbols.finish() },
      { name: '.strs', type: SectionType.STRTAB, bytes: strings },
      {
        name: '.shndx',
        type: SectionType.SYMTAB_SHNDX,
        bytes: new ByteWriter('little').u32(0).u32(0).u32(1).u32(0).finish(),
      },
    ],
  });
  const view = new DataView(relocatable.buffer);
  const table = Number(view.getBigUint64(40, true));
  const header = (index: number): number => table + index * 64;
  view.setUint16(16, 2, true);
  view.setBigUint64(header(1) + 16, 0xffffffff81000000n, true);
  view.setUint32(header(2) + 40, 3, true);
  view.setUint32(header(4) + 40, 2, true);
  view.setBigUint64(header(0) + 32, BigInt(view.getUint16(60, true)), true);
  view.setUint32(header(0) + 40, view.getUint16(62, true), true);
  view.setUint16(60, 0, true);
  view.setUint16(62, 0xffff, true);
  return relocatable;
}

describe('an executable', () => {
  const elf = readElf(bytesSource(executable()));

  it('is read with section count and name table from section 0', () => {
    expect(elf.sections).toHaveLength(8);
    expect(elf.section('.data')?.address).toBe(0xffffffff81000000n);
  });

  it('gives the bytes of a defined symbol, also of one with an extended section index', () => {
    const symbol = elf.symbol('vermagic');
    expect(symbol).toMatchObject({ section: 1, size: 5, binding: 1, type: 1 });
    expect(symbol && Buffer.from(elf.bytesOf(symbol) ?? []).toString()).toBe('6.12\0');
    expect(elf.symbol('vermagi')).toBeUndefined();
  });

  it('gives no bytes for absolute symbols and for ranges outside their section', () => {
    const absolute = elf.symbol('other');
    expect(absolute?.value).toBe(0x1234n);
    expect(absolute && elf.bytesOf(absolute, 4)).toBeUndefined();
    const symbol = elf.symbol('vermagic');
    expect(symbol && elf.bytesOf(symbol, 100)).toBeUndefined();
  });

  it('gives the bytes at an address', () => {
    const bytes = elf.bytesAtAddress(0xffffffff81000004n, 4);
    expect(Buffer.from(bytes ?? []).toString()).toBe('6.12');
    expect(elf.bytesAtAddress(0n, 1)).toBeUndefined();
  });
});

describe('hostile headers', () => {
  const good = writeRelocatable({ class: 64, endian: 'little', machine: 62, sections: [] });
  const forged = (change: (view: DataView) => void): Uint8Array => {
    const copy = good.slice();
    change(new DataView(copy.buffer));
    return copy;
  };
  const read = (bytes: Uint8Array) => codeOf(() => readElf(bytesSource(bytes)));

  it('are refused by code', () => {
    expect(read(Buffer.from('#!/bin/sh'))).toBe('elf-magic');
    expect(read(forged((view) => view.setUint8(4, 3)))).toBe('elf-header');
    expect(read(forged((view) => view.setUint8(5, 0)))).toBe('elf-header');
    expect(read(forged((view) => view.setUint16(58, 8, true)))).toBe('elf-header');
    expect(read(forged((view) => view.setUint16(60, 9999, true)))).toBe('elf-truncated');
    expect(read(forged((view) => view.setBigUint64(40, 1n << 63n, true)))).toBe('elf-truncated');
  });

  it('cannot ask for more sections than the limit', () => {
    expect(codeOf(() => readElf(bytesSource(good), { limits: { sections: 3 } }))).toBe('elf-limit');
  });

  it('cannot have a section read that is larger than the limit', () => {
    const elf = readElf(bytesSource(good), { limits: { sectionBytes: 30 } });
    const [, symtab] = elf.sections;
    expect(elf.bytes(symtab)).toHaveLength(24);
    const small = readElf(bytesSource(good), { limits: { sectionBytes: 27 } });
    expect(() => small.bytes({ ...symtab, size: 28 })).toThrow(
      expect.objectContaining({ code: 'elf-limit' }),
    );
  });
});

describe('notes', () => {
  it('are found when several share a section, with padding to eight between them', () => {
    const bytes = Buffer.concat([
      note('little', 'Xen', 6, [1, 2, 3, 4, 5]),
      note(
        'little',
        'GNU',
        3,
        Array.from({ length: 20 }, (_, i) => i),
      ),
      Buffer.alloc(4),
      note('little', 'Linux', 0x101, [1]),
    ]);
    const notes = readNotes(bytes, 'little');
    expect(notes.map(({ owner }) => owner)).toEqual(['Xen', 'GNU', 'Linux']);
    expect(buildIdOf(notes)).toBe('000102030405060708090a0b0c0d0e0f10111213');
  });

  it('end in an error when cut, and have a limit', () => {
    const bytes = note('little', 'GNU', 3, [1, 2, 3, 4]);
    expect(codeOf(() => readNotes(bytes.subarray(0, 18), 'little'))).toBe('elf-truncated');
    const many = Buffer.concat([bytes, bytes]);
    expect(codeOf(() => readNotes(many, 'little', { limit: 1 }))).toBe('elf-limit');
  });
});

describe('machine names', () => {
  it.each([
    [Machine.PPC64, 64, 'little', 'ppc64le'],
    [Machine.S390, 64, 'big', 's390x'],
    [Machine.RISCV, 64, 'little', 'riscv64'],
    [Machine.MIPS, 32, 'big', 'mips'],
    [Machine.ARM, 32, 'little', 'arm'],
    [9999, 64, 'little', 'machine-9999'],
  ] as const)('%d of class %d, %s: %s', (machine, bits, endian, name) => {
    expect(machineName(machine, bits, endian)).toBe(name);
  });
});

describe('a symbol table', () => {
  it('is empty in a stripped file', () => {
    const empty = { symbols: new Uint8Array(), strings: new Uint8Array() };
    expect(new SymbolTable({ class: 64, endian: 'little', ...empty }).find('x')).toBeUndefined();
  });
});

describe('notes in sections of another type', () => {
  const noted = (name: string, bytes: Uint8Array, type: number = SectionType.PROGBITS) =>
    readElf(
      bytesSource(
        writeRelocatable({
          class: 64,
          endian: 'little',
          machine: Machine.AARCH64,
          sections: [{ name, type, bytes }],
        }),
      ),
    );
  const buildId = note('little', 'GNU', 3, [1, 2, 254]);

  it.each(['.notes', '.note', '.note.gnu.build-id'])('%s as PROGBITS are read', (name) => {
    expect(noted(name, buildId).buildId()).toBe('0102fe');
  });

  it('are none where the name or the bytes are of something else', () => {
    expect(noted('.notebook', buildId).buildId()).toBeUndefined();
    expect(noted('.notes', buildId, SectionType.NOBITS).buildId()).toBeUndefined();
    expect(noted('.note.GNU-stack', new Uint8Array()).notes()).toEqual([]);
    expect(noted('.notes', new Uint8Array(20).fill(0xff)).notes()).toEqual([]);
  });
});

it('a section is filled where the file has bytes of it', () => {
  const sections = [
    { name: '.BTF', type: SectionType.NOBITS, bytes: new Uint8Array(4) },
    { name: '.bss', bytes: new Uint8Array() },
    { name: '.BTF', bytes: new Uint8Array(3) },
  ];
  const elf = readElf(
    bytesSource(
      writeRelocatable({ class: 64, endian: 'little', machine: Machine.X86_64, sections }),
    ),
  );
  expect(elf.filled('.BTF')?.size).toBe(3);
  expect(elf.section('.BTF')?.size).toBe(4);
  expect(elf.filled('.bss')).toBeUndefined();
  expect(elf.filled('.text')).toBeUndefined();
});
