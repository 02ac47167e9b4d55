import { Op } from '../constants.ts';
import { constant, sum, type Unsaid, type Value } from './value.ts';

const WIDTH = 64n;

/** One stack operation on two values, `second` on top, if its result is known. */
export function binary(code: number, first: Value, second: Value): Value | Unsaid {
  if (code === Op.AND)
    return masked(first, second) ?? masked(second, first) ?? folded(code, first, second);
  if (code === Op.PLUS && first.from === 'constant') return sum(second, first.offset) ?? 'computed';
  if (second.from !== 'constant') return 'computed';
  if (code === Op.PLUS) return sum(first, BigInt.asIntN(64, second.offset)) ?? 'computed';
  const extended = extend(code, first, second.offset);
  if (extended) return extended;
  if (code === Op.MINUS) return sum(first, -BigInt.asIntN(64, second.offset)) ?? 'computed';
  return folded(code, first, second);
}

/** One operation on a value; only constants have a result. */
export function unary(code: number, value: Value): Value | Unsaid {
  if (value.from !== 'constant') return 'computed';
  const signed = BigInt.asIntN(64, value.offset);
  if (code === Op.NEG) return constant(-signed);
  if (code === Op.NOT) return constant(~signed);
  return code === Op.ABS ? constant(signed < 0n ? -signed : signed) : 'operation';
}

/** The low bytes of a value: `x & 0xff` and the like. */
function masked(value: Value, mask: Value): Value | undefined {
  if (mask.from !== 'constant' || value.from === 'constant') return undefined;
  if (value.shifted !== undefined || value.isSigned) return undefined;
  const bytes = [1, 2, 4].find((size) => mask.offset === (1n << BigInt(size * 8)) - 1n);
  if (bytes === undefined) return undefined;
  return { ...value, bytes: value.bytes === 0 ? bytes : Math.min(bytes, value.bytes) };
}

/** A shift to the left end and back gives the low bytes, extended by their sign or by zeros. */
function extend(code: number, value: Value, shift: bigint): Value | undefined {
  const bytes = (WIDTH - shift) / 8n;
  if (value.from === 'constant' || ![1n, 2n, 4n].includes(bytes)) return undefined;
  if (code === Op.SHL && value.bytes === 0) return { ...value, shifted: Number(bytes) };
  if (value.shifted !== Number(bytes)) return undefined;
  const { shifted, ...whole } = value;
  if (code === Op.SHR) return { ...whole, bytes: shifted };
  return code === Op.SHRA ? { ...whole, bytes: shifted, isSigned: true } : undefined;
}

function folded(code: number, first: Value, second: Value): Value | Unsaid {
  if (first.from !== 'constant' || second.from !== 'constant') return 'computed';
  const result = fold(code, first.offset, second.offset);
  return result === undefined ? 'computed' : constant(result);
}

/** DWARF 5, 2.5.1.4 and 2.5.1.5, modulo 2^64; undefined for a division by zero. */
function fold(code: number, a: bigint, b: bigint): bigint | undefined {
  const signedA = BigInt.asIntN(64, a);
  const signedB = BigInt.asIntN(64, b);
  const shift = b < WIDTH ? b : WIDTH;
  switch (code) {
    case Op.AND:
      return a & b;
    case Op.OR:
      return a | b;
    case Op.XOR:
      return a ^ b;
    case Op.MUL:
      return a * b;
    case Op.DIV:
      return b === 0n ? undefined : signedA / signedB;
    case Op.MOD:
      return b === 0n ? undefined : a % b;
    case Op.SHL:
      return a << shift;
    case Op.SHR:
      return a >> shift;
    case Op.SHRA:
      return signedA >> shift;
    case Op.EQ:
      return signedA === signedB ? 1n : 0n;
    case Op.NE:
      return signedA === signedB ? 0n : 1n;
    case Op.LT:
      return signedA < signedB ? 1n : 0n;
    case Op.LE:
      return signedA <= signedB ? 1n : 0n;
    case Op.GT:
      return signedA > signedB ? 1n : 0n;
    case Op.GE:
      return signedA >= signedB ? 1n : 0n;
    default:
      return undefined;
  }
}
