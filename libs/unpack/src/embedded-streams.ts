import type { Source } from '@btf-depot/bytes';
import { compressionMagics, type Compression } from '@btf-depot/codec';
import { findAll } from './find-all.ts';

/** Places that are tried: short magics occur by chance, some ten times in a kernel. */
const TRIES = 64;

export interface EmbeddedStream {
  readonly compression: Compression;
  readonly offset: number;
}

/**
 * Where compressed streams may begin in a file that does not say it, the longest magics first:
 * they are chance the least. LZMA has none.
 */
export function* embeddedStreams(source: Source): Generator<EmbeddedStream> {
  const magics = [...compressionMagics()].sort(([, a], [, b]) => b.length - a.length);
  let tries = 0;
  for (const [compression, magic] of magics) {
    for (const offset of findAll(source, Buffer.from(magic))) {
      if (++tries > TRIES) return;
      yield { compression, offset };
    }
  }
}
