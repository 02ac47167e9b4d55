import { FRAME_BASE_REGISTER, LocFlag } from '@btf-depot/btf';
import type { Endian } from '@btf-depot/bytes';
import type { Value } from '@btf-depot/dwarf';
import type { LocationKind, Unavailable } from './coverage.ts';

/** Facts about a parameter that are the same at all sites. */
export interface ParameterType {
  /** Bytes; 0 if it has none. */
  readonly size: number;
  readonly isSigned: boolean;
}

/** Registers hold one word; a constant of LOC_PARAM has two. */
const LARGEST = 8;

/**
 * A LOC_PARAM in wire format (bpf-next, October 2026): size, flags and values. A constant or
 * address has one word, or two for a size of eight; a register is followed by an offset if it has
 * one.
 */
export function locationWords(
  value: Value,
  { size: typeSize, isSigned }: ParameterType,
  { endian, addressSize }: { readonly endian: Endian; readonly addressSize: number },
): number[] | Unavailable {
  const size = value.bytes === 0 ? typeSize : Math.min(value.bytes, typeSize);
  if (size === 0) return 'nothing';
  if (!value.isRead && size > LARGEST) return 'wide';
  // A value extended by zeros has no sign of its own.
  const hasSign = size <= LARGEST && isSigned && (size === typeSize || value.isSigned);
  const sign = hasSign ? LocFlag.SIGNED : 0;
  const read = value.isRead ? LocFlag.DEREF : 0;
  switch (value.from) {
    case 'constant':
      return [size, sign | LocFlag.CONST, ...halves(value.offset, size > 4)];
    case 'address':
      return [size, sign | read | LocFlag.ADDR, ...halves(value.offset, addressSize > 4)];
    default: {
      // In memory (big endian), the low bytes of a wider value are the last ones.
      const behind = endian === 'big' && value.isRead ? Math.max(value.bytes - size, 0) : 0;
      const offset = value.offset + BigInt(behind);
      if (offset !== BigInt.asIntN(32, offset)) return 'computed';
      const register = value.from === 'frame' ? FRAME_BASE_REGISTER : value.register;
      const flags = sign | read | LocFlag.REG | (offset === 0n ? 0 : LocFlag.OFFSET);
      const added = offset === 0n ? [] : [Number(BigInt.asUintN(32, offset))];
      return [size, flags, register, ...added];
    }
  }
}

function halves(value: bigint, areTwo: boolean): number[] {
  const low = Number(BigInt.asUintN(32, value));
  return areTwo ? [low, Number(BigInt.asUintN(32, value >> 32n))] : [low];
}

/** `words`: size, flags, values. */
export function kindOfLocation(words: ArrayLike<number>): LocationKind {
  const flags = words[1];
  if ((flags & LocFlag.REG) !== 0 && words[2] === FRAME_BASE_REGISTER) return 'frame';
  if ((flags & LocFlag.DEREF) !== 0) return 'memory';
  if ((flags & LocFlag.CONST) !== 0) return 'constant';
  if ((flags & LocFlag.ADDR) !== 0) return 'address';
  return (flags & LocFlag.OFFSET) !== 0 ? 'sum' : 'register';
}
