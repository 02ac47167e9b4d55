import { KERNEL_LIMITS } from '../limits.ts';
import { isSince, type KernelVersion } from '../kernel-version.ts';
import type { Btf } from '../wire/btf.ts';

/** Whether the offset is within the strings and the kernel's limit. */
export function nameOffsetValid(btf: Btf, offset: number): boolean {
  return offset <= KERNEL_LIMITS.nameOffset && (offset < btf.stringEnd || offset === 0);
}

/** KSYM_NAME_LEN, 128 before Linux 6.1: names must be shorter. */
function nameLimit(kernel: KernelVersion): number {
  return isSince(kernel, '6.1') ? 512 : 128;
}

/**
 * Letters, digits (not first), `_` and `.`: dots since 6.5 and in the stable kernels of that time.
 */
export function identifierValid(btf: Btf, offset: number, kernel: KernelVersion): boolean {
  const name = btf.stringBytes(offset);
  if (name.length === 0 || name.length > nameLimit(kernel)) return false;
  for (let i = 0; i < name.length; i++) {
    if (!isNameByte(name[i], i === 0)) return false;
  }
  return true;
}

/** A DATASEC's name: anything printable since 6.12, an identifier before. */
export function sectionNameValid(btf: Btf, offset: number, kernel: KernelVersion): boolean {
  if (!isSince(kernel, '6.12')) return identifierValid(btf, offset, kernel);
  const name = btf.stringBytes(offset);
  if (name.length === 0 || name.length > nameLimit(kernel)) return false;
  return name.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte >= 0xa0);
}

/** The kernel's isalpha and isprint read bytes as Latin-1 (lib/ctype.c). */
function isNameByte(byte: number, first: boolean): boolean {
  if (byte === 0x5f || byte === 0x2e) return true;
  const lower = byte | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  if (byte >= 0xc0) return byte !== 0xd7 && byte !== 0xf7;
  return !first && byte >= 0x30 && byte <= 0x39;
}
