import {
  At,
  Expressions,
  FRAME_BASE,
  Frames,
  inRegister,
  type Dwarf,
  type Entry,
  type Unit,
  type Unsaid,
  type Value,
} from '@btf-depot/dwarf';

/**
 * The frame base of the current function at one of its addresses: a register and an offset, if the
 * function's DW_AT_frame_base or call-frame information gives them.
 */
export class FrameBase {
  /** A number of the AddressSpace. */
  address = 0;
  readonly #dwarf: Dwarf;
  readonly #expressions: Expressions;
  #frames: Frames | undefined;
  #expression: Uint8Array | undefined;

  constructor(dwarf: Dwarf) {
    this.#dwarf = dwarf;
    this.#expressions = new Expressions(dwarf.tables);
  }

  /** Starts another function. */
  enter(subprogram: Entry): void {
    this.#expression = subprogram.block(At.FRAME_BASE);
  }

  /** The canonical frame address; FRAME_BASE itself if no register is known for it. */
  callFrame(): Value {
    this.#frames ??= new Frames(this.#dwarf);
    const rule = this.#frames.cfaAt(this.address);
    if (rule === undefined || rule.register < 0) return FRAME_BASE;
    return inRegister(rule.register, BigInt(rule.offset));
  }

  /** The base of DW_OP_fbreg (DWARF 5, 3.3.5): the address that the expression gives. */
  at(unit: Unit): Value | Unsaid {
    const bytes = this.#expression;
    if (bytes === undefined) return FRAME_BASE;
    const value = this.#expressions.read({ bytes, from: 0, to: bytes.length }, 0, {
      unit,
      frameBase: () => 'malformed',
      callFrame: () => this.callFrame(),
    });
    return typeof value === 'string' ? value : { ...value, isRead: false };
  }
}
