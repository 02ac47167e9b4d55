import { FormatError, bytesSource, sliceSource, type Source } from '@btf-depot/bytes';
import { unzlib, unzstd } from '@btf-depot/codec';
import { SectionFlag, SectionType, type Elf, type ElfSection } from '@btf-depot/elf';
import type { DwarfLimits } from './limits.ts';

// gABI, "Compression header".
const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;

/** `.zdebug_…` of old tool chains (GNU, before gABI had compression): `ZLIB`, the size in 8 bytes. */
const OLD_PREFIX = '.zdebug_';
const OLD_MAGIC = 'ZLIB';

/** Whether a file itself has debug information, perhaps compressed in the old way. */
export function hasDwarf(elf: Elf): boolean {
  return (elf.filled('.debug_info') ?? elf.filled(`${OLD_PREFIX}info`)) !== undefined;
}

/** The debug sections of one ELF file, decompressed. */
export class DebugSections {
  readonly #elf: Elf;
  readonly #source: Source;
  readonly #limits: DwarfLimits;
  readonly #whole = new Map<string, Uint8Array>();
  #memory = 0;

  /** `source` is the file behind `elf`. */
  constructor(elf: Elf, source: Source, limits: DwarfLimits) {
    this.#elf = elf;
    this.#source = source;
    this.#limits = limits;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** A section for reading in parts; empty if absent. */
  source(name: string): Source {
    const section = this.#find(name);
    if (section === undefined) return bytesSource(new Uint8Array(), name);
    if (isCompressed(section)) return bytesSource(this.whole(name), name);
    const { offset, size } = section;
    if (offset > this.#source.size - size) throw truncated(section, this.#source.size);
    return sliceSource(this.#source, offset, size);
  }

  /** A section in memory, which is kept; empty if absent. Throws FormatError `dwarf-limit`. */
  whole(name: string): Uint8Array {
    let bytes = this.#whole.get(name);
    if (bytes === undefined) {
      const section = this.#find(name);
      bytes = section === undefined ? new Uint8Array() : this.#read(section);
      this.#memory += bytes.length;
      this.#whole.set(name, bytes);
    }
    return bytes;
  }

  #find(name: string): ElfSection | undefined {
    const old = name.replace('.debug_', OLD_PREFIX);
    return [name, old]
      .map((one) => this.#elf.section(one))
      .find((section) => section && section.type !== SectionType.NOBITS);
  }

  #read(section: ElfSection): Uint8Array {
    this.#reserve(section, section.size);
    if (section.offset > this.#source.size - section.size) {
      throw truncated(section, this.#source.size);
    }
    const bytes = this.#source.read(section.offset, section.size);
    if (isOld(section)) return this.#inflateOld(section, bytes);
    return isCompressed(section) ? this.#inflate(section, bytes) : bytes;
  }

  #inflateOld(section: ElfSection, bytes: Uint8Array): Uint8Array {
    const head = Buffer.from(bytes.subarray(0, 12));
    if (head.length < 12 || head.toString('latin1', 0, 4) !== OLD_MAGIC) {
      throw compression(section, `it does not begin with ${OLD_MAGIC} and a size`);
    }
    return this.#unpack(section, ELFCOMPRESS_ZLIB, bytes.subarray(12), head.readBigUInt64BE(4));
  }

  #inflate(section: ElfSection, bytes: Uint8Array): Uint8Array {
    const wide = this.#elf.class === 64;
    const head = wide ? 24 : 12;
    if (bytes.length < head) throw compression(section, 'it ends in its compression header');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const little = this.#elf.endian === 'little';
    const type = view.getUint32(0, little);
    const size = wide ? view.getBigUint64(8, little) : BigInt(view.getUint32(4, little));
    return this.#unpack(section, type, bytes.subarray(head), size);
  }

  #unpack(section: ElfSection, type: number, bytes: Uint8Array, announced: bigint): Uint8Array {
    const size = Number(announced);
    this.#reserve(section, size);
    const inflated = decompress(section, type, bytes, size);
    if (inflated.length !== size) {
      throw compression(section, `${inflated.length} bytes come out, ${size} were announced`);
    }
    return inflated;
  }

  #reserve({ name }: ElfSection, size: number): void {
    const room = this.#limits.memory - this.#memory;
    if (size <= room) return;
    const message = `${size} bytes to hold in memory, ${room} are left of ${this.#limits.memory}`;
    throw new FormatError('dwarf-limit', message, { section: name });
  }
}

function isOld({ name }: ElfSection): boolean {
  return name.startsWith(OLD_PREFIX);
}

function isCompressed(section: ElfSection): boolean {
  return isOld(section) || (section.flags & SectionFlag.COMPRESSED) !== 0;
}

function decompress(section: ElfSection, type: number, bytes: Uint8Array, size: number) {
  try {
    if (type === ELFCOMPRESS_ZLIB) return unzlib(bytes, { limit: size });
    if (type === ELFCOMPRESS_ZSTD) return unzstd(bytes, { limit: size });
  } catch (error) {
    if (error instanceof FormatError) throw compression(section, error.message, error);
    throw error;
  }
  throw compression(section, `compression of type ${type} is unknown`);
}

function compression({ name }: ElfSection, message: string, cause?: unknown): FormatError {
  return new FormatError('dwarf-compression', message, { section: name }, { cause });
}

function truncated({ name, offset, size }: ElfSection, fileSize: number): FormatError {
  const message = `needs ${size} bytes at file offset ${offset}, the file has ${fileSize}`;
  return new FormatError('elf-truncated', message, { section: name });
}
