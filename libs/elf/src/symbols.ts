import { FormatError, type Endian } from '@btf-depot/bytes';
import { SectionIndex } from './constants.ts';
import type { ElfClass } from './machine.ts';
import { stringAt } from './strings.ts';

export interface ElfSymbol {
  readonly name: string;
  /** An address in an executable, an offset into its section in a relocatable file. */
  readonly value: bigint;
  /** Bytes; 0 if the assembler did not set it. */
  readonly size: number;
  readonly type: number;
  readonly binding: number;
  /** Section index, extended numbering resolved; UNDEF, ABS and COMMON as in SectionIndex. */
  readonly section: number;
}

/** Source of a symbol table. */
export interface SymbolTableParts {
  readonly class: ElfClass;
  readonly endian: Endian;
  readonly symbols: Uint8Array;
  readonly strings: Uint8Array;
  /** Contents of SHT_SYMTAB_SHNDX, where the file has one. */
  readonly extendedIndexes?: Uint8Array | undefined;
}

/**
 * A symbol table read in place: a vmlinux has 150,000 symbols, and most callers want three. Fields
 * are read by index; `find` builds no table.
 */
export class SymbolTable {
  readonly length: number;
  readonly #parts: SymbolTableParts;
  readonly #view: DataView;
  readonly #extended: DataView | undefined;
  readonly #entry: number;
  readonly #little: boolean;

  constructor(parts: SymbolTableParts) {
    const { symbols, extendedIndexes } = parts;
    this.#parts = parts;
    this.#view = new DataView(symbols.buffer, symbols.byteOffset, symbols.byteLength);
    this.#extended =
      extendedIndexes &&
      new DataView(extendedIndexes.buffer, extendedIndexes.byteOffset, extendedIndexes.byteLength);
    this.#entry = parts.class === 64 ? 24 : 16;
    this.#little = parts.endian === 'little';
    this.length = Math.floor(symbols.length / this.#entry);
  }

  /** Throws FormatError `elf-string` if the name lies outside the string table. */
  name(index: number): string {
    return stringAt(this.#parts.strings, this.#nameOffset(index), '.strtab');
  }

  value(index: number): bigint {
    return this.#entry === 24
      ? this.#view.getBigUint64(this.#at(index) + 8, this.#little)
      : BigInt(this.#view.getUint32(this.#at(index) + 4, this.#little));
  }

  size(index: number): number {
    return this.#entry === 24
      ? Number(this.#view.getBigUint64(this.#at(index) + 16, this.#little))
      : this.#view.getUint32(this.#at(index) + 8, this.#little);
  }

  type(index: number): number {
    return this.#info(index) & 0xf;
  }

  binding(index: number): number {
    return this.#info(index) >> 4;
  }

  section(index: number): number {
    const at = this.#at(index) + (this.#entry === 24 ? 6 : 14);
    const section = this.#view.getUint16(at, this.#little);
    const extended = this.#extended;
    if (section !== SectionIndex.XINDEX || extended === undefined) return section;
    if (index * 4 + 4 > extended.byteLength) {
      const where = { section: '.symtab_shndx', offset: index * 4 };
      throw new FormatError('elf-truncated', 'no extended index for the symbol', where);
    }
    return extended.getUint32(index * 4, this.#little);
  }

  at(index: number): ElfSymbol {
    return {
      name: this.name(index),
      value: this.value(index),
      size: this.size(index),
      type: this.type(index),
      binding: this.binding(index),
      section: this.section(index),
    };
  }

  /** The first defined symbol of that name, else the first undefined one. */
  find(name: string): ElfSymbol | undefined {
    const { strings } = this.#parts;
    const wanted = Buffer.from(`${name}\0`, 'latin1');
    let undefinedOne: number | undefined;
    for (let index = 1; index < this.length; index++) {
      if (!startsWith(strings, this.#nameOffset(index), wanted)) continue;
      if (this.section(index) !== SectionIndex.UNDEF) return this.at(index);
      undefinedOne ??= index;
    }
    return undefinedOne === undefined ? undefined : this.at(undefinedOne);
  }

  #nameOffset(index: number): number {
    return this.#view.getUint32(this.#at(index), this.#little);
  }

  #info(index: number): number {
    return this.#view.getUint8(this.#at(index) + (this.#entry === 24 ? 4 : 12));
  }

  #at(index: number): number {
    if (index < 0 || index >= this.length) {
      throw new RangeError(`symbol ${index} of ${this.length}`);
    }
    return index * this.#entry;
  }
}

function startsWith(bytes: Uint8Array, offset: number, wanted: Uint8Array): boolean {
  if (offset > bytes.length - wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (bytes[offset + i] !== wanted[i]) return false;
  }
  return true;
}
