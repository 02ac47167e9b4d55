import { splitAddress } from './addresses.ts';
import { Op } from '../constants.ts';
import { Leb128 } from '../leb128.ts';
import type { Tables } from '../tables.ts';
import { unitFault, type Unit } from '../unit.ts';

const leb = new Leb128();

/**
 * The address in an expression that only names static storage: DW_OP_addr or addrx (DWARF 5,
 * 2.5.1.1), perhaps plus a constant. Undefined for all others: registers, the stack, values without
 * storage, pieces. Throws FormatError `dwarf-entry` if the expression or .debug_addr ends too
 * early, `dwarf-split` for an address of a .dwo file.
 */
export function staticAddress(
  unit: Unit,
  tables: Tables,
  expression: Uint8Array,
  at: number,
): bigint | undefined {
  const first = firstAddress(unit, tables, expression, at);
  if (!first) return undefined;
  let { address, next } = first;
  if (expression[next] === Op.PLUS_UCONST) {
    address += leb.unsigned64(expression, next + 1);
    next = leb.next;
  }
  if (next !== expression.length) return undefined;
  return BigInt.asUintN(unit.header.addressSize * 8, address);
}

/** A byte that replaces a variable of which clang found only two values. */
export interface TwoValued {
  readonly address: bigint;
  /** The byte is the value itself: 0 or 1. */
  readonly isValue: boolean;
}

/**
 * The byte with which clang replaces a static variable of only two values
 * (TryToShrinkGlobalToBoolean of LLVM's GlobalOpt): `addrx, deref_size 1, other - first, mul,
 * first, plus, stack_value`. Undefined for other expressions; throws as staticAddress does.
 */
export function twoValuedAddress(
  unit: Unit,
  tables: Tables,
  expression: Uint8Array,
  at: number,
): TwoValued | undefined {
  // A cheap test, which most expressions fail.
  if (expression.at(-1) !== Op.STACK_VALUE) return undefined;
  const first = firstAddress(unit, tables, expression, at);
  if (!first) return undefined;
  const { address, next } = first;
  if (expression[next] !== Op.DEREF_SIZE || expression[next + 1] !== 1) return undefined;
  const factor = constant(expression, next + 2);
  if (!factor || expression[factor.next] !== Op.MUL) return undefined;
  const base = constant(expression, factor.next + 1);
  if (!base || expression[base.next] !== Op.PLUS) return undefined;
  if (base.next + 2 !== expression.length) return undefined;
  return {
    address: BigInt.asUintN(unit.header.addressSize * 8, address),
    isValue: factor.value === 1n && base.value === 0n,
  };
}

/** The start of an expression, and the offset after it. */
function firstAddress(
  unit: Unit,
  tables: Tables,
  expression: Uint8Array,
  at: number,
): { address: bigint; next: number } | undefined {
  const { addressSize } = unit.header;
  switch (expression[0]) {
    case Op.ADDR:
      return { address: readAddress(unit, expression, 1, at), next: 1 + addressSize };
    case Op.ADDRX: {
      const index = leb.unsigned(expression, 1);
      const { next } = leb;
      if (unit.addressBase < 0) throw unitFault(unit, at, 'an address index without a base');
      const from = unit.addressBase + index * addressSize;
      return { address: readAddress(unit, tables.addresses, from, at), next };
    }
    case Op.GNU_ADDR_INDEX:
      throw splitAddress(unit, at);
    default:
      return undefined;
  }
}

/** Unsigned constants, as LLVM writes them: literals and constu. */
function constant(expression: Uint8Array, at: number): { value: bigint; next: number } | undefined {
  const op = expression[at] ?? 0;
  if (op >= Op.LIT0 && op < Op.REG0) return { value: BigInt(op - Op.LIT0), next: at + 1 };
  if (op !== Op.CONSTU) return undefined;
  const value = leb.unsigned64(expression, at + 1);
  return { value, next: leb.next };
}

function readAddress(unit: Unit, bytes: Uint8Array, from: number, at: number): bigint {
  const size = unit.header.addressSize;
  if (from + size > bytes.length) throw unitFault(unit, at, 'an address that is not there');
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, size);
  const little = unit.endian === 'little';
  return size === 8 ? view.getBigUint64(0, little) : BigInt(view.getUint32(0, little));
}
