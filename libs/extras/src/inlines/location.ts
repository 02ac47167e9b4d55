import { FRAME_BASE_REGISTER, LocFlag, type Btf } from '@btf-depot/btf';

/** The place of a parameter at a site, as its LOC_PARAM gives it. */
export interface Location {
  readonly kind: 'constant' | 'address' | 'register' | 'frame';
  /** Bytes of the value. */
  readonly size: number;
  readonly signed: boolean;
  /** The value is in memory at that place. */
  readonly deref: boolean;
  /** DWARF's number of the register. */
  readonly register?: number;
  /** Added to the register, or to the frame base. */
  readonly offset?: number;
  /** The constant, with its sign, or the link address. */
  readonly value?: bigint;
}

/** Reads a LOC_PARAM; undefined for contents that this library does not know. */
export function readLocation(btf: Btf, id: number): Location | undefined {
  const flags = btf.tail(id, 0);
  const count = btf.vlen(id);
  const value = (place: number): number => (place < count ? btf.tail(id, place + 1) : 0);
  const common = {
    size: btf.sizeOrType(id),
    signed: (flags & LocFlag.SIGNED) !== 0,
    deref: (flags & LocFlag.DEREF) !== 0,
  };
  if (count === 0) return undefined;
  if ((flags & LocFlag.REG) !== 0) {
    const register = value(0);
    const offset = (flags & LocFlag.OFFSET) === 0 ? 0 : value(1) | 0;
    if (register === FRAME_BASE_REGISTER) return { kind: 'frame', ...common, offset };
    return { kind: 'register', ...common, register, offset };
  }
  const whole = BigInt(value(0)) | (BigInt(value(1)) << 32n);
  if ((flags & LocFlag.ADDR) !== 0) return { kind: 'address', ...common, value: whole };
  if ((flags & LocFlag.CONST) === 0) return undefined;
  const bits = Math.min(common.size, 8) * 8;
  const signed = common.signed ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole);
  return { kind: 'constant', ...common, value: signed };
}

/** For people: `4 bytes at rdi+8`, `rsi`, `rsp+16`, `7`, `0xffffffff82a6bd40`. */
export function locationText(location: Location, registerName: (number: number) => string): string {
  const { kind, size, deref, register = 0, offset = 0, value = 0n } = location;
  if (kind === 'constant') return `${value}`;
  const added = offset === 0 ? '' : offset < 0 ? `${offset}` : `+${offset}`;
  const base =
    kind === 'register'
      ? registerName(register)
      : kind === 'frame'
        ? 'frame base'
        : `0x${value.toString(16)}`;
  if (deref) return `${size} ${size === 1 ? 'byte' : 'bytes'} at ${base}${added}`;
  return `${base}${added}`;
}
