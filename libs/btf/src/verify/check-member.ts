import { Kind } from '../kinds.ts';
import type { Btf } from '../wire/btf.ts';
import { pointerSize, sizeOf } from '../wire/size.ts';

/**
 * A member's fault in its composite, in the kernel's words, or undefined. Its type must have a
 * size. Source: kernel/bpf/btf.c, the check_member and check_kflag_member of each kind.
 */
export function checkMember(btf: Btf, id: number, index: number): string | undefined {
  const type = btf.resolve(btf.tail(id, index * 3 + 1));
  const size = type === undefined ? undefined : sizeOf(btf, type);
  if (type === undefined || size === undefined) return 'Invalid member';
  const word = btf.tail(id, index * 3 + 2);
  const kflag = btf.kflag(id);
  const bits = kflag ? word >>> 24 : 0;
  const offset = kflag ? word & 0xffffff : word;
  const whole = btf.sizeOrType(id);
  const kind = btf.kind(type);
  if (kind === Kind.INT) return checkInt(btf.tail(type, 0), size, offset, bits, kflag, whole);
  if (bits !== 0) {
    const isEnum = kind === Kind.ENUM || kind === Kind.ENUM64;
    if (!isEnum || bits > (kind === Kind.ENUM ? 32 : 64)) return 'Invalid member bitfield_size';
    return Math.ceil((offset + bits) / 8) > whole ? 'Member exceeds struct_size' : undefined;
  }
  if (kind === Kind.FLOAT && offset % (Math.min(pointerSize(btf), size) * 8) !== 0) {
    return 'Member is not properly aligned';
  }
  if (offset % 8 !== 0) return 'Member is not byte aligned';
  return whole - offset / 8 < size ? 'Member exceeds struct_size' : undefined;
}

function checkInt(
  data: number,
  size: number,
  offset: number,
  bits: number,
  kflag: boolean,
  whole: number,
): string | undefined {
  const [own, shift] = [data & 0xff, (data >>> 16) & 0xff];
  if (kflag) {
    if (shift !== 0 || own !== size * 8) return 'Invalid member base type';
    if (bits === 0 && offset % 8 !== 0) return 'Invalid member offset';
    if (bits > own) return 'Invalid member bitfield_size';
  }
  const start = kflag ? offset : offset + shift;
  const copied = (bits === 0 ? own : bits) + (start % 8);
  if (copied > 128) return 'nr_copy_bits exceeds 128';
  const exceeds = whole - Math.floor(start / 8) < Math.ceil(copied / 8);
  return exceeds ? 'Member exceeds struct_size' : undefined;
}
