import { hasSize, IntEncoding, isModifier, Kind } from '@btf-depot/btf';
import type { TypeTable } from './type-table.ts';

/** Most links of a chain (typedefs, qualifiers, dimensions); C code has under twenty. */
const MAX_CHAIN = 256;

/** Bytes of a value of the type; 0 if unknown, NaN for an endless chain. */
export function sizeOfType(table: TypeTable, id: number, pointerSize: number): number {
  let count = 1;
  for (let links = 0; links < MAX_CHAIN; links++) {
    const kind = table.kind(id);
    if (kind === Kind.ARRAY) {
      count *= table.tail(id, 2);
      id = table.tail(id, 0);
    } else if (isModifier(kind)) {
      id = table.sizeOrType(id);
    } else {
      if (kind === Kind.PTR) return count * pointerSize;
      return hasSize(kind) ? count * table.sizeOrType(id) : 0;
    }
  }
  return NaN;
}

/** Whether values of the type have a sign: integers and enumerations that say so. */
export function isSignedType(table: TypeTable, id: number): boolean {
  for (let links = 0; links < MAX_CHAIN && isModifier(table.kind(id)); links++) {
    id = table.sizeOrType(id);
  }
  const kind = table.kind(id);
  if (kind === Kind.INT) return ((table.tail(id, 0) >>> 24) & IntEncoding.SIGNED) !== 0;
  return (kind === Kind.ENUM || kind === Kind.ENUM64) && table.kflag(id);
}
