import { FormatError, type Endian } from '@btf-depot/bytes';
import type { AddressSpace } from '../address-space.ts';
import { Leb128 } from '../leb128.ts';

export const FRAME_SECTION = '.debug_frame';

/** How the canonical frame address is computed. */
export interface FrameRule {
  /** DWARF's number; -1 for an expression, which is not evaluated. */
  readonly register: number;
  /** Added to the register. */
  readonly offset: number;
}

/** The part of a common information entry that its functions' instructions need. */
export interface FrameUnits {
  readonly codeAlign: number;
  readonly dataAlign: number;
  readonly addressSize: number;
}

/** Operands of the instructions with an opcode of 6 bits (DWARF 5, 7.24), by opcode. */
const OPERANDS = byOpcode({
  '': [0x00, 0x0a, 0x0b, 0x2d], // nop, remember and restore_state, AARCH64_negate_ra_state
  a: [0x01], // set_loc
  1: [0x02], // advance_loc1, 2, 4
  2: [0x03],
  4: [0x04],
  u: [0x06, 0x07, 0x08, 0x0d, 0x0e, 0x2e], // restore_extended, undefined, same_value, …
  uu: [0x05, 0x09, 0x0c, 0x14, 0x2f], // offset_extended, register, def_cfa, val_offset, …
  us: [0x11, 0x12, 0x15], // offset_extended_sf, def_cfa_sf, val_offset_sf
  s: [0x13], // def_cfa_offset_sf
  b: [0x0f], // def_cfa_expression
  ub: [0x10, 0x16], // expression, val_expression
});

function byOpcode(shapes: Readonly<Record<string, readonly number[]>>): (string | undefined)[] {
  const operands = Array<string | undefined>(64).fill(undefined);
  for (const [shape, codes] of Object.entries(shapes)) {
    for (const code of codes) operands[code] = shape;
  }
  return operands;
}

const ADVANCE_LOC = 1;
const OFFSET = 2;
/** States that one function may remember at once; compilers use one. */
const REMEMBERED = 1000;

const leb = new Leb128();

/** Runs the instructions of frame entries, as far as they concern the canonical frame address. */
export class FrameProgram {
  rule: FrameRule | undefined;
  location = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #space: AddressSpace;
  readonly #step: (at: number) => void;
  readonly #states: (FrameRule | undefined)[] = [];
  #first = 0;
  #second = 0;

  /** `step` is called with the offset of each instruction; an error that it throws ends the run. */
  constructor(bytes: Uint8Array, endian: Endian, space: AddressSpace, step: (at: number) => void) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = endian === 'little';
    this.#space = space;
    this.#step = step;
  }

  /** Starts another function, which begins at `location`. */
  reset(location: number): void {
    this.rule = undefined;
    this.location = location;
    this.#states.length = 0;
  }

  /**
   * Runs instructions from `from` up to `to`, or up to the first one for an address after
   * `address`. Returns the offset where it stopped. Throws FormatError `dwarf-frame`.
   */
  run(from: number, to: number, units: FrameUnits, address: number): number {
    let at = from;
    while (at < to && this.location <= address) {
      this.#step(at);
      const code = this.#bytes[at];
      const low = code & 0x3f;
      let next = at + 1;
      if (code >> 6 === ADVANCE_LOC) this.location += low * units.codeAlign;
      else if (code >> 6 === OFFSET) next = this.#operands('u', next, to, units);
      else if (code >> 6 === 0) {
        const operands = OPERANDS[low];
        if (operands === undefined) throw frameFault(`instruction 0x${low.toString(16)}`, at);
        next = this.#operands(operands, next, to, units);
        this.#execute(low, at, units);
      }
      if (next > to) throw frameFault('an instruction passes the end of its entry', at);
      at = next;
    }
    return at;
  }

  #execute(code: number, at: number, { codeAlign, dataAlign }: FrameUnits): void {
    const first = this.#first;
    switch (code) {
      case 0x01:
        this.location = first;
        break;
      case 0x02:
      case 0x03:
      case 0x04:
        this.location += first * codeAlign;
        break;
      case 0x0a:
        if (this.#states.length >= REMEMBERED) throw frameFault('too many states', at);
        this.#states.push(this.rule);
        break;
      case 0x0b:
        if (this.#states.length === 0) throw frameFault('no state to go back to', at);
        this.rule = this.#states.pop();
        break;
      case 0x0c:
        this.rule = { register: first, offset: this.#second };
        break;
      case 0x0d:
        this.rule = { register: first, offset: this.rule?.offset ?? 0 };
        break;
      case 0x0e:
        this.rule = { register: this.rule?.register ?? -1, offset: first };
        break;
      case 0x0f:
        this.rule = { register: -1, offset: 0 };
        break;
      case 0x12:
        this.rule = { register: first, offset: this.#second * dataAlign };
        break;
      case 0x13:
        this.rule = { register: this.rule?.register ?? -1, offset: first * dataAlign };
        break;
      default:
    }
  }

  /** Reads operands into `first` and `second`, and returns the offset after them. */
  #operands(shape: string, at: number, to: number, { addressSize }: FrameUnits): number {
    this.#first = 0;
    this.#second = 0;
    let next = at;
    for (let place = 0; place < shape.length; place++) {
      let value = 0;
      switch (shape[place]) {
        case 'u':
          value = leb.unsigned(this.#bytes, next);
          next = leb.next;
          break;
        case 's':
          value = Number(leb.signed64(this.#bytes, next));
          next = leb.next;
          break;
        case 'b':
          value = leb.unsigned(this.#bytes, next);
          next = leb.next + value;
          break;
        default:
          value = this.#fixed(shape, next, to, addressSize);
          next += shape === 'a' ? addressSize : Number(shape);
      }
      if (place === 0) this.#first = value;
      else this.#second = value;
    }
    return next;
  }

  #fixed(shape: string, at: number, to: number, addressSize: number): number {
    const size = shape === 'a' ? addressSize : Number(shape);
    if (at + size > to) throw frameFault('an instruction passes the end of its entry', at);
    if (shape === 'a') return this.#space.read(this.#view, at, size, this.#little);
    if (size === 1) return this.#bytes[at];
    return size === 2
      ? this.#view.getUint16(at, this.#little)
      : this.#view.getUint32(at, this.#little);
  }
}

export function frameFault(message: string, offset: number): FormatError {
  return new FormatError('dwarf-frame', message, { section: FRAME_SECTION, offset });
}
