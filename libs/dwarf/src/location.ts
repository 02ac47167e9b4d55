import { splitAddress } from './addresses.ts';
import { Op } from './constants.ts';
import { Leb128 } from './leb128.ts';
import type { Tables } from './tables.ts';
import { unitFault, type Unit } from './unit.ts';

const leb = new Leb128();

/**
 * The address that a location expression gives when it does nothing but name static storage:
 * DW_OP_addr or addrx (DWARF 5, 2.5.1.1), perhaps with a constant added. Undefined for any other:
 * registers, the stack, values without storage, pieces. Throws FormatError `dwarf-entry` where
 * the expression or .debug_addr ends too early, `dwarf-split` for an address of a .dwo file.
 */
export function staticAddress(
  unit: Unit,
  tables: Tables,
  expression: Uint8Array,
  at: number,
): bigint | undefined {
  const { addressSize } = unit.header;
  let address: bigint;
  let next: number;
  switch (expression[0]) {
    case Op.ADDR:
      address = readAddress(unit, expression, 1, at);
      next = 1 + addressSize;
      break;
    case Op.ADDRX: {
      const index = leb.unsigned(expression, 1);
      next = leb.next;
      if (unit.addressBase < 0) throw unitFault(unit, at, 'an address index without a base');
      address = readAddress(unit, tables.addresses, unit.addressBase + index * addressSize, at);
      break;
    }
    case Op.GNU_ADDR_INDEX:
      throw splitAddress(unit, at);
    default:
      return undefined;
  }
  if (expression[next] === Op.PLUS_UCONST) {
    address += leb.unsigned64(expression, next + 1);
    next = leb.next;
  }
  return next === expression.length ? BigInt.asUintN(addressSize * 8, address) : undefined;
}

function readAddress(unit: Unit, bytes: Uint8Array, from: number, at: number): bigint {
  const size = unit.header.addressSize;
  if (from + size > bytes.length) throw unitFault(unit, at, 'an address that is not there');
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, size);
  const little = unit.endian === 'little';
  return size === 8 ? view.getBigUint64(0, little) : BigInt(view.getUint32(0, little));
}
