import { Form } from '../constants.ts';

/** What the size of a form depends on (DWARF 5, 7.5.6). */
export interface FormContext {
  readonly addressSize: number;
  /** 4 in 32-bit DWARF, 8 in 64-bit DWARF. */
  readonly offsetSize: number;
  readonly version: number;
}

// How to skip a form without a fixed size; fixed sizes are ≥ 0.
export const SKIP_LEB = -1;
export const SKIP_STRING = -2;
export const SKIP_BLOCK1 = -3;
export const SKIP_BLOCK2 = -4;
export const SKIP_BLOCK4 = -5;
export const SKIP_BLOCK = -6;
export const SKIP_INDIRECT = -7;
const UNKNOWN = -128;

/** Sizes and skips of the forms, for one kind of unit. */
export class FormSizes {
  readonly #standard = new Int8Array(0x2d).fill(UNKNOWN);
  readonly #offsetSize: number;

  constructor({ addressSize, offsetSize, version }: FormContext) {
    this.#offsetSize = offsetSize;
    const set = (size: number, ...forms: readonly number[]): void => {
      for (const form of forms) this.#standard[form] = size;
    };
    set(addressSize, Form.ADDR);
    // In DWARF 2 a reference to another unit has the size of an address.
    set(version < 3 ? addressSize : offsetSize, Form.REF_ADDR);
    set(offsetSize, Form.STRP, Form.SEC_OFFSET, Form.STRP_SUP, Form.LINE_STRP);
    set(0, Form.FLAG_PRESENT, Form.IMPLICIT_CONST);
    set(1, Form.DATA1, Form.FLAG, Form.REF1, Form.STRX1, Form.ADDRX1);
    set(2, Form.DATA2, Form.REF2, Form.STRX2, Form.ADDRX2);
    set(3, Form.STRX3, Form.ADDRX3);
    set(4, Form.DATA4, Form.REF4, Form.STRX4, Form.ADDRX4, Form.REF_SUP4);
    set(8, Form.DATA8, Form.REF8, Form.REF_SIG8, Form.REF_SUP8);
    set(16, Form.DATA16);
    set(SKIP_LEB, Form.SDATA, Form.UDATA, Form.REF_UDATA, Form.STRX, Form.ADDRX);
    set(SKIP_LEB, Form.LOCLISTX, Form.RNGLISTX);
    set(SKIP_STRING, Form.STRING);
    set(SKIP_BLOCK1, Form.BLOCK1);
    set(SKIP_BLOCK2, Form.BLOCK2);
    set(SKIP_BLOCK4, Form.BLOCK4);
    set(SKIP_BLOCK, Form.BLOCK, Form.EXPRLOC);
    set(SKIP_INDIRECT, Form.INDIRECT);
  }

  /** Bytes of the form, or one of SKIP_*; undefined for an unknown form. */
  of(form: number): number | undefined {
    if (form < this.#standard.length) {
      const size = this.#standard[form];
      return size === UNKNOWN ? undefined : size;
    }
    if (form === Form.GNU_ADDR_INDEX || form === Form.GNU_STR_INDEX) return SKIP_LEB;
    if (form === Form.GNU_REF_ALT || form === Form.GNU_STRP_ALT) return this.#offsetSize;
    return undefined;
  }
}
