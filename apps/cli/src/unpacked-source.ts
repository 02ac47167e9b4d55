import { bytesSource, chunksOf, type Source } from '@btf-depot/bytes';
import { COMPRESSION_HEAD, compressionOf, decompress, type Compression } from '@btf-depot/codec';
import { openLocalFile } from './special-file.ts';

/** Bytes that a compressed file may unpack to here. */
const UNPACKED_LIMIT = 1 << 30;

export interface UnpackedSource {
  source: Source;
  /** What it was compressed with. */
  compressed?: Compression;
}

/** Runs with what a file holds, unpacked where it is compressed: carriers and modules often are. */
export async function withUnpackedSource<Result>(
  path: string,
  use: (unpacked: UnpackedSource) => Result,
): Promise<Result> {
  using file = openLocalFile(path);
  const compressed = compressionOf(file.read(0, Math.min(file.size, COMPRESSION_HEAD)));
  if (!compressed) return use({ source: file });
  const chunks: Uint8Array[] = [];
  const limit = UNPACKED_LIMIT;
  for await (const chunk of decompress(compressed, chunksOf(file), { limit })) chunks.push(chunk);
  return use({ source: bytesSource(Buffer.concat(chunks)), compressed });
}
