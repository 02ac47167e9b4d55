/**
 * Copies `length` bytes from `distance` back. Source and target may overlap: a distance below the
 * length repeats those bytes, as in every LZ77 format.
 */
export function copyMatch(bytes: Uint8Array, to: number, distance: number, length: number): void {
  if (distance >= length) bytes.copyWithin(to, to - distance, to - distance + length);
  else for (let i = to; i < to + length; i++) bytes[i] = bytes[i - distance];
}
