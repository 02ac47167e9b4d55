import { FormatError } from '@btf-depot/bytes';
import { copyMatch } from '../copy-match.ts';

/**
 * One block (lz4_Block_format.md): literals and matches in turn; the last are literals.
 * @param limit bytes that may come out.
 * @param before earlier output, for blocks whose matches reach back there.
 */
export function unlz4Block(
  input: Uint8Array,
  limit: number,
  before: Uint8Array = new Uint8Array(),
): Uint8Array {
  const start = before.length;
  const end = start + limit;
  const output = new Uint8Array(end);
  output.set(before);
  let at = 0;
  let out = start;
  const longer = (length: number): number => {
    for (let more = 255; more === 255; length += more) {
      if (at >= input.length) throw corrupt('a length without end');
      more = input[at++];
    }
    return length;
  };
  for (;;) {
    if (at >= input.length) throw corrupt('a block ends in a match');
    const token = input[at++];
    const literals = token >> 4 === 15 ? longer(15) : token >> 4;
    if (literals > input.length - at || literals > end - out) {
      throw corrupt(`${literals} literals do not fit`);
    }
    output.set(input.subarray(at, at + literals), out);
    at += literals;
    out += literals;
    if (at === input.length) return output.subarray(start, out);
    const distance = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8);
    at += 2;
    const length = ((token & 15) === 15 ? longer(15) : token & 15) + 4;
    if (distance === 0 || distance > out || length > end - out) {
      throw corrupt(`${length} bytes from ${distance} back`);
    }
    copyMatch(output, out, distance, length);
    out += length;
  }
}

function corrupt(message: string): FormatError {
  return new FormatError('lz4-corrupt', message, { section: 'lz4' });
}
