/**
 * Copies `length` bytes from `distance` back. They may overlap what is written: a distance below
 * the length repeats those bytes, as every LZ77 format means it.
 */
export function copyMatch(bytes: Uint8Array, to: number, distance: number, length: number): void {
  if (distance >= length) bytes.copyWithin(to, to - distance, to - distance + length);
  else for (let i = to; i < to + length; i++) bytes[i] = bytes[i - distance];
}
