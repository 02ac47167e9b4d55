import type { Location } from './location.ts';
import { kernelRegister } from './registers.ts';

/**
 * The location as an argument of a kprobe event (Documentation/trace/kprobetrace.rst), for tracefs
 * and perf: `%di:u32`, `+8(%bx):s64`, `\7:u8`. Undefined if they cannot express it: a sum without
 * dereference, an address (the kernel moves at boot), the frame base, or a size that no integer
 * has.
 */
export function fetchArgument(
  { kind, size, signed, deref, register = 0, offset = 0, value = 0n }: Location,
  arch: string | undefined,
): string | undefined {
  if (![1, 2, 4, 8].includes(size)) return undefined;
  const type = `${signed ? 's' : 'u'}${size * 8}`;
  if (kind === 'constant') return `\\${value}:${type}`;
  const name = kind === 'register' ? kernelRegister(arch, register) : undefined;
  if (name === undefined) return undefined;
  if (deref) return `${offset < 0 ? '' : '+'}${offset}(%${name}):${type}`;
  return offset === 0 ? `%${name}:${type}` : undefined;
}
