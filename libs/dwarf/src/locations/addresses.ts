import type { FormatError } from '@btf-depot/bytes';
import type { Tables } from '../tables.ts';
import { unitFault, type Unit } from '../unit.ts';

/**
 * The address at an index of the unit's part of .debug_addr, as a number of the AddressSpace. `at`:
 * offset in the unit for error messages. Throws FormatError `dwarf-entry`.
 */
export function addressAt(unit: Unit, tables: Tables, index: number, at: number): number {
  const { addresses, space } = tables;
  const size = unit.header.addressSize;
  const from = unit.addressBase + index * size;
  if (unit.addressBase < 0) throw unitFault(unit, at, 'an address index without a base');
  if (from + size > addresses.length) throw unitFault(unit, at, 'an address that is not there');
  const view = new DataView(addresses.buffer, addresses.byteOffset + from, size);
  return space.read(view, 0, size, unit.endian === 'little');
}

export function splitAddress(unit: Unit, at: number): FormatError {
  return unitFault(unit, at, 'an address of a .dwo file, which is not read', 'dwarf-split');
}
