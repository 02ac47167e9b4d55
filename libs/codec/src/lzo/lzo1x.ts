import { FormatError } from '@btf-depot/bytes';
import { copyMatch } from '../copy-match.ts';

/**
 * One block of LZO1X, `size` bytes unpacked. The kernel's Documentation/staging/lzo.rst describes
 * the instructions, and what they mean after how many literals (bitstream version 0). Throws
 * FormatError `lzo-corrupt`.
 */
export function lzo1x(input: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size);
  let at = 0;
  let out = 0;

  const fail = (message: string): never => {
    throw new FormatError('lzo-corrupt', message, { section: 'lzo block', offset: at });
  };
  const byte = (): number => (at < input.length ? input[at++] : fail('the block ends early'));
  /** A length whose field was zero: 255 for each zero byte, plus the first other byte. */
  const longer = (base: number): number => {
    let length = base;
    let more = byte();
    for (; more === 0; more = byte()) length += 255;
    return length + more;
  };
  const literals = (count: number): void => {
    if (count > input.length - at || count > size - out) fail(`${count} literals do not fit`);
    output.set(input.subarray(at, at + count), out);
    at += count;
    out += count;
  };
  const match = (distance: number, length: number): void => {
    if (distance > out || length > size - out) fail(`${length} bytes from ${distance} back`);
    copyMatch(output, out, distance, length);
    out += length;
  };

  /** Literals of the last instruction: 0 to 3, or 4 for a run of them. */
  let state = 0;
  if (input[0] > 17) {
    const count = byte() - 17;
    literals(count);
    state = Math.min(count, 4);
  }
  for (;;) {
    const code = byte();
    if (code < 16 && state === 0) {
      literals(3 + (code === 0 ? longer(15) : code));
      state = 4;
      continue;
    }
    let tail = code;
    if (code < 16) {
      const distance = (byte() << 2) + (code >> 2) + 1;
      if (state === 4) match(distance + 2048, 3);
      else match(distance, 2);
    } else if (code < 32) {
      const length = 2 + ((code & 7) === 0 ? longer(7) : code & 7);
      tail = byte();
      const distance = 16384 + ((code & 8) << 11) + ((byte() << 6) | (tail >> 2));
      if (distance === 16384) {
        if (at !== input.length || out !== size) fail('the block does not end where it says');
        return output;
      }
      match(distance, length);
    } else if (code < 64) {
      const length = 2 + ((code & 31) === 0 ? longer(31) : code & 31);
      tail = byte();
      match(((byte() << 6) | (tail >> 2)) + 1, length);
    } else if (code < 128) {
      match((byte() << 3) + ((code >> 2) & 7) + 1, 3 + ((code >> 5) & 1));
    } else {
      match((byte() << 3) + ((code >> 2) & 7) + 1, 5 + ((code >> 5) & 3));
    }
    state = tail & 3;
    literals(state);
  }
}
