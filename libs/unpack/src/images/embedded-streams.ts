import type { Source } from '@btf-depot/bytes';
import {
  COMPRESSION_HEAD,
  compressionMagics,
  compressionOf,
  type Compression,
} from '@btf-depot/codec';
import { findAll } from './find-all.ts';

/** Most places that are tried: short magics occur by chance, some ten times in a kernel. */
const TRIES = 64;

export interface EmbeddedStream {
  readonly compression: Compression;
  readonly offset: number;
}

/** LZMA has no magic: lc=3 lp=0 pb=2, a dictionary of 64 kB or more, and what `isLzma` sees. */
const LZMA = [0x5d, 0x00, 0x00] as const;

/** Most output if LZMA's header states its size. */
const LZMA_LIMIT = 2n ** 30n;

/**
 * Places where compressed streams may begin in a file without a header for them. The longest magics
 * come first: they are least likely to be chance.
 */
export function* embeddedStreams(source: Source): Generator<EmbeddedStream> {
  const all: (readonly [Compression, readonly number[]])[] = [
    ...compressionMagics(),
    ['lzma', LZMA],
  ];
  const magics = all.sort(([, a], [, b]) => b.length - a.length);
  let tries = 0;
  for (const [compression, magic] of magics) {
    for (const offset of findAll(source, Buffer.from(magic))) {
      if (compression === 'lzma' && !isLzma(source, offset)) continue;
      if (++tries > TRIES) return;
      yield { compression, offset };
    }
  }
}

/**
 * As the kernel's build writes it: a size that is unknown or plausible for a kernel, then the
 * coder's zero.
 */
function isLzma(source: Source, offset: number): boolean {
  if (offset + COMPRESSION_HEAD + 1 > source.size) return false;
  const head = Buffer.from(source.read(offset, COMPRESSION_HEAD + 1));
  const size = head.readBigUInt64LE(5);
  const isSize = size === 0xffff_ffff_ffff_ffffn || (size > 0n && size < LZMA_LIMIT);
  return isSize && head[COMPRESSION_HEAD] === 0 && compressionOf(head) === 'lzma';
}
