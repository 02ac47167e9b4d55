import { FormatError, type Endian, type Source } from '@btf-depot/bytes';
import { ElfType, SectionType } from './constants.ts';
import { readHeader, type ElfHeader } from './header.ts';
import { checkLimit, ELF_LIMITS, type ElfLimits } from './limits.ts';
import { machineName, type ElfClass } from './machine.ts';
import { buildIdOf, readNotes, type ElfNote } from './notes.ts';
import { readRange, readSections, type ElfSection } from './sections.ts';
import { SymbolTable, type ElfSymbol } from './symbols.ts';

/**
 * A linker that joins notes with a PROGBITS section, such as an assembler's `.note.GNU-stack`,
 * makes the result PROGBITS: `.notes` of some arm64 and riscv kernels since Linux 6.2.
 */
const NOTE_NAME = /^\.notes?(\.|$)/;

export interface ReadElfOptions {
  readonly limits?: Partial<ElfLimits>;
}

/**
 * Reads the headers of an ELF file of either class and byte order; contents are read when asked
 * for. Specification: System V gABI. Throws FormatError `elf-magic`, `elf-header`,
 * `elf-truncated`, `elf-limit`, `elf-string`.
 */
export function readElf(source: Source, options: ReadElfOptions = {}): Elf {
  const limits = { ...ELF_LIMITS, ...options.limits };
  const header = readHeader(source);
  return new Elf(source, header, readSections(source, header, limits), limits);
}

/** An ELF file whose headers were read. Made by `readElf`. */
export class Elf {
  readonly header: ElfHeader;
  readonly class: ElfClass;
  readonly endian: Endian;
  /** `x86_64`, `aarch64`, `s390x`, …: see `machineName`. */
  readonly arch: string;
  readonly sections: readonly ElfSection[];
  readonly #source: Source;
  readonly #limits: ElfLimits;
  #symbols: SymbolTable | undefined;

  constructor(
    source: Source,
    header: ElfHeader,
    sections: readonly ElfSection[],
    limits: ElfLimits,
  ) {
    this.header = header;
    this.class = header.class;
    this.endian = header.endian;
    this.arch = machineName(header.machine, header.class, header.endian);
    this.sections = sections;
    this.#source = source;
    this.#limits = limits;
  }

  /** The first section of that name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /**
   * The first section of that name with bytes in this file: a split debug file (`objcopy
   * --only-keep-debug`) lists sections as NOBITS that only the stripped file has.
   */
  filled(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name && isFilled(section));
  }

  /**
   * A section's bytes as in the file (SHF_COMPRESSED is not undone); none for NOBITS. Throws
   * FormatError `elf-truncated` if the file ends too early, `elf-limit`.
   */
  bytes(section: ElfSection): Uint8Array {
    if (section.type === SectionType.NOBITS) return new Uint8Array();
    checkLimit('bytes', section.size, this.#limits.sectionBytes, section.name);
    return readRange(this.#source, section.offset, section.size, section.name);
  }

  /** All notes of all SHT_NOTE sections, in the order of the file, then those of other sections. */
  notes(): ElfNote[] {
    const noted = this.sections.filter(({ type }) => type === SectionType.NOTE);
    const untyped = this.sections.filter(
      (section) => section.type === SectionType.PROGBITS && NOTE_NAME.test(section.name),
    );
    return [
      ...noted.flatMap((section) => this.#notesOf(section)),
      ...untyped.flatMap((section) => this.#maybeNotes(section)),
    ];
  }

  #notesOf(section: ElfSection): ElfNote[] {
    const limit = this.#limits.notes;
    return readNotes(this.bytes(section), this.endian, { section: section.name, limit });
  }

  /** Only their name shows that these are notes. */
  #maybeNotes(section: ElfSection): ElfNote[] {
    try {
      return this.#notesOf(section);
    } catch (error) {
      if (error instanceof FormatError) return [];
      throw error;
    }
  }

  /** The GNU build ID as lowercase hex. */
  buildId(): string | undefined {
    return buildIdOf(this.notes());
  }

  /** The symbol table (.symtab, else .dynsym); empty if the file is stripped. */
  get symbols(): SymbolTable {
    this.#symbols ??= this.#readSymbols();
    return this.#symbols;
  }

  /** The symbol of that name, a defined one before an undefined one. */
  symbol(name: string): ElfSymbol | undefined {
    return this.symbols.find(name);
  }

  /**
   * The `length` bytes of a symbol, its own size by default. Undefined if the symbol is in no
   * section with contents.
   */
  bytesOf(symbol: ElfSymbol, length: number = symbol.size): Uint8Array | undefined {
    const section = this.sections.at(symbol.section);
    if (section === undefined || section.type === SectionType.NULL) return undefined;
    const base = this.header.type === ElfType.REL ? 0n : section.address;
    return this.#bytesAt(section, symbol.value - base, length);
  }

  /** The `length` bytes loaded at an address (of an executable, not of a relocatable file). */
  bytesAtAddress(address: bigint, length: number): Uint8Array | undefined {
    const section = this.sections.find(
      (candidate) =>
        (candidate.flags & 2) !== 0 &&
        address >= candidate.address &&
        address < candidate.address + BigInt(candidate.size),
    );
    return section && this.#bytesAt(section, address - section.address, length);
  }

  #bytesAt(section: ElfSection, offset: bigint, length: number): Uint8Array | undefined {
    if (section.type === SectionType.NOBITS) return undefined;
    if (offset < 0n || offset + BigInt(length) > BigInt(section.size)) return undefined;
    checkLimit('bytes', length, this.#limits.sectionBytes, section.name);
    return readRange(this.#source, section.offset + Number(offset), length, section.name);
  }

  #readSymbols(): SymbolTable {
    const table =
      this.sections.find(({ type }) => type === SectionType.SYMTAB) ??
      this.sections.find(({ type }) => type === SectionType.DYNSYM);
    const parts = { class: this.class, endian: this.endian };
    if (table === undefined) {
      return new SymbolTable({ ...parts, symbols: new Uint8Array(), strings: new Uint8Array() });
    }
    const strings = this.sections.at(table.link);
    if (strings === undefined) {
      const message = `string table ${table.link} of ${this.sections.length} sections`;
      throw new FormatError('elf-header', message, { section: table.name });
    }
    const extended = this.sections.find(
      ({ type, link }) => type === SectionType.SYMTAB_SHNDX && link === table.index,
    );
    return new SymbolTable({
      ...parts,
      symbols: this.bytes(table),
      strings: this.bytes(strings),
      extendedIndexes: extended && this.bytes(extended),
    });
  }
}

function isFilled({ type, size }: ElfSection): boolean {
  return type !== SectionType.NULL && type !== SectionType.NOBITS && size > 0;
}
