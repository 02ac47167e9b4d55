import { ByteReader } from '@btf-depot/bytes';
import type { Dwarf } from '../dwarf.ts';
import {
  FRAME_SECTION,
  frameFault,
  FrameProgram,
  type FrameRule,
  type FrameUnits,
} from './frame-program.ts';
import { Budget } from '../budget.ts';
import { Leb128 } from '../leb128.ts';

const leb = new Leb128();

/** A common information entry, and the offset of its instructions. */
interface CommonEntry extends FrameUnits {
  readonly from: number;
  readonly to: number;
}

/** A function's entry: the range of its code, and the offset of its instructions. */
interface FunctionEntry {
  readonly begin: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
  readonly common: CommonEntry;
}

/**
 * The augmentation decides what precedes the instructions of an entry. Functions with an
 * augmentation not listed here are left out. `S`: the frame of a signal.
 */
const AUGMENTATIONS: ReadonlySet<string> = new Set(['', 'S']);

/**
 * Call-frame information of .debug_frame (DWARF 5, 6.4). It tells how the canonical frame address,
 * usually a function's frame base, follows from a register at each instruction. Nothing else of it
 * is read, and .eh_frame is not read: kernels discard it.
 */
export class Frames {
  readonly #dwarf: Dwarf;
  readonly #bytes: Uint8Array;
  /** By start address. */
  readonly #functions: readonly FunctionEntry[];
  readonly #common = new Map<number, CommonEntry | undefined>();
  readonly #program: FrameProgram;
  /**
   * The function whose instructions ran last, the address reached, and the offset to continue from.
   */
  #running: FunctionEntry | undefined;
  #ranTo = 0;
  #next = 0;

  /** Throws FormatError `dwarf-frame` for a section that breaks the standard. */
  constructor(dwarf: Dwarf) {
    this.#dwarf = dwarf;
    this.#bytes = dwarf.section(FRAME_SECTION);
    const steps = new Budget('frame instructions', dwarf.limits.frameSteps);
    this.#program = new FrameProgram(this.#bytes, dwarf.endian, dwarf.tables.space, (at) => {
      steps.take(1, FRAME_SECTION, at);
    });
    this.#functions = this.#read().sort((a, b) => a.begin - b.begin);
  }

  /**
   * The rule for the canonical frame address at an address of the AddressSpace; undefined if none
   * is given. Throws FormatError `dwarf-frame`, `dwarf-limit`.
   */
  cfaAt(address: number): FrameRule | undefined {
    const functions = this.#functions;
    let low = 0;
    let high = functions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (functions[middle].begin <= address) low = middle + 1;
      else high = middle;
    }
    const found = functions.at(low - 1);
    if (low === 0 || found === undefined || address >= found.end) return undefined;
    const { begin, from, to, common } = found;
    const program = this.#program;
    // Addresses usually come in order: the run continues from the last one.
    if (found !== this.#running || address < this.#ranTo) {
      this.#running = found;
      program.reset(begin);
      program.run(common.from, common.to, common, Infinity);
      this.#next = from;
    }
    this.#ranTo = address;
    this.#next = program.run(this.#next, to, common, address);
    return program.rule;
  }

  #read(): FunctionEntry[] {
    const functions: FunctionEntry[] = [];
    const reader = this.#reader();
    const { space } = this.#dwarf.tables;
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    const little = this.#dwarf.endian === 'little';
    while (reader.remaining > 0) {
      const { end, common: commonAt } = this.#header(reader);
      const common = commonAt === undefined ? undefined : this.#commonAt(commonAt);
      if (common) {
        const { addressSize } = common;
        const at = reader.position;
        reader.skip(addressSize);
        const begin = space.read(view, at, addressSize, little);
        const length = addressSize === 8 ? Number(reader.u64()) : reader.u32();
        const from = reader.position;
        if (from > end) throw frameFault('a function ends in its header', at);
        functions.push({ begin, end: begin + length, from, to: end, common });
      }
      reader.seek(end);
    }
    return functions;
  }

  /** Length and kind of an entry; `common` is the offset of a function's common entry. */
  #header(reader: ByteReader): { end: number; common: number | undefined } {
    const at = reader.position;
    const first = reader.u32();
    const isWide = first === 0xffffffff;
    const length = isWide ? Number(reader.u64()) : first;
    const end = reader.position + length;
    if (end > this.#bytes.length) throw frameFault(`an entry of ${length} bytes`, at);
    if (length === 0) return { end, common: undefined };
    const id = isWide ? reader.u64() : BigInt(reader.u32());
    const isCommon = id === (isWide ? 0xffffffffffffffffn : 0xffffffffn);
    return { end, common: isCommon ? undefined : Number(id) };
  }

  #commonAt(at: number): CommonEntry | undefined {
    let common = this.#common.get(at);
    if (common === undefined && !this.#common.has(at)) {
      common = this.#readCommon(at);
      this.#common.set(at, common);
    }
    return common;
  }

  #readCommon(at: number): CommonEntry | undefined {
    const bytes = this.#bytes;
    const reader = this.#reader();
    reader.seek(at);
    const { end, common } = this.#header(reader);
    if (common !== undefined) throw frameFault('a function without its common entry', at);
    const version = reader.u8();
    const nul = bytes.indexOf(0, reader.position);
    if (nul < 0 || nul >= end) throw frameFault('an augmentation without end', at);
    const augmentation = Buffer.from(bytes.subarray(reader.position, nul)).toString('latin1');
    if (!AUGMENTATIONS.has(augmentation)) return undefined;
    reader.seek(nul + 1);
    // Before version 4 the units give it.
    let addressSize = this.#dwarf.units.at(0)?.addressSize ?? 8;
    if (version >= 4) {
      addressSize = reader.u8();
      if (reader.u8() !== 0) throw frameFault('segments', at);
    }
    if (addressSize !== 4 && addressSize !== 8) {
      throw frameFault(`addresses of ${addressSize} bytes`, at);
    }
    const codeAlign = leb.unsigned(bytes, reader.position);
    const dataAlign = Number(leb.signed64(bytes, leb.next));
    // The column of the return address: one byte in version 1.
    const columnAt = leb.next;
    leb.unsigned(bytes, columnAt);
    const from = version === 1 ? columnAt + 1 : leb.next;
    if (from > end) throw frameFault('a common entry ends in its header', at);
    return { codeAlign, dataAlign, addressSize, from, to: end };
  }

  #reader(): ByteReader {
    const { endian } = this.#dwarf;
    return new ByteReader(this.#bytes, endian, { section: FRAME_SECTION, code: 'dwarf-frame' });
  }
}
