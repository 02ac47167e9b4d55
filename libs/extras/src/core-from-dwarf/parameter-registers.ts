import { At, LocationLists, type Dwarf, type Entry, type Unit } from '@btf-depot/dwarf';

/** DWARF's numbers of the registers for the first parameters, by architecture. */
const REGISTERS: Readonly<Record<string, readonly number[]>> = {
  x86_64: [5, 4, 1, 2, 8, 9],
  aarch64: [0, 1, 2, 3, 4, 5, 6, 7],
  arm: [0, 1, 2, 3, 4, 5, 6, 7],
  s390x: [2, 3, 4, 5, 6],
};

const REG0 = 0x50;
const REG31 = 0x6f;
const STACK_VALUE = 0x9f;
const ENTRY_VALUE = 0xa3;
const GNU_ENTRY_VALUE = 0xf3;
/** DW_OP_regval_type and its older form. */
const TYPED: ReadonlySet<number> = new Set([0xa5, 0xf5]);

/**
 * Whether parameters are in the registers of the calling convention, by pahole's test: the register
 * of the first location, or the one whose value at the function's entry any location names.
 * Unlisted architectures cannot be judged.
 */
export class ParameterRegisters {
  readonly #lists: LocationLists;
  readonly #registers: readonly number[];

  constructor(dwarf: Dwarf, arch: string) {
    this.#lists = new LocationLists(dwarf);
    this.#registers = Object.hasOwn(REGISTERS, arch) ? REGISTERS[arch] : [];
  }

  /** Number of a function's parameters that can be judged. */
  get count(): number {
    return this.#registers.length;
  }

  /** Whether the parameter at that index is in an unexpected register; `entry` has a location. */
  isUnexpected(unit: Unit, entry: Entry, index: number): boolean {
    const expected = this.#registers[index];
    const lists = this.#lists;
    let actual = -1;
    let isFirst = true;
    lists.each(unit, entry, At.LOCATION, () => {
      const register = registerOf(lists, isFirst);
      isFirst = false;
      if (register >= 0) actual = register;
      return register !== expected;
    });
    return actual >= 0 && actual !== expected;
  }
}

/** Stands for anything but the first 32 registers: no calling convention uses it. */
const ANOTHER = 32;

/** The register of an expression that says nothing else; -1 for all others. */
function registerOf({ bytes, from, to }: LocationLists, isFirst: boolean): number {
  if (to - from > 1 && bytes[to - 1] === STACK_VALUE) to--;
  const op = bytes[from];
  if (to - from === 1) return isFirst && isRegister(op) ? op - REG0 : -1;
  if (op !== ENTRY_VALUE && op !== GNU_ENTRY_VALUE) return -1;
  // One operation, after its length.
  const at = from + 2;
  if (at + bytes[from + 1] !== to) return -1;
  if (to - at === 1) return isRegister(bytes[at]) ? bytes[at] - REG0 : ANOTHER;
  // With a type: a value in two registers, such as 64 bits in registers of 32.
  return TYPED.has(bytes[at]) && numbersEnd(bytes, at + 1, to, 2) === to ? ANOTHER : -1;
}

function isRegister(op: number): boolean {
  return op >= REG0 && op <= REG31;
}

/** The end of that many LEB128 numbers. */
function numbersEnd(bytes: Uint8Array, at: number, to: number, count: number): number {
  for (; count > 0 && at < to; at++) if (bytes[at] < 0x80) count--;
  return at;
}
