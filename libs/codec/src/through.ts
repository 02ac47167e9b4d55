import { Readable, type Transform } from 'node:stream';
import type { Chunks } from '@btf-depot/bytes';

/**
 * Pipes chunks through a stream of node:zlib. Errors of the stream and of the chunks are thrown.
 */
export async function* through(chunks: Chunks, engine: Transform): AsyncGenerator<Uint8Array> {
  const source = Readable.from(chunks, { highWaterMark: 1 });
  source.on('error', (error) => engine.destroy(error));
  source.pipe(engine);
  try {
    yield* engine as AsyncIterable<Uint8Array>;
  } finally {
    engine.destroy();
    source.destroy();
    // Until then the source of the chunks may still be read.
    if (!source.closed) await new Promise((resolve) => source.once('close', resolve));
  }
}

/** Bytes of one piece that comes out of a stream of node:zlib. */
export const CHUNK = 256 * 1024;

/** The `code` of an error of node:zlib, empty if it is none of those. */
export function zlibCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(Z_|ZSTD_)/.test(code) ? code : '';
}
