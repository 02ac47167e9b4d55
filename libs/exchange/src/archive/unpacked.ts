import { compressionOf, decompress } from '@btf-depot/codec';

const MAX_UNPACKED = 2 ** 30;

/** What an index has, compressed or not. */
export async function* unpacked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const format = compressionOf(bytes);
  if (format === undefined) yield bytes;
  else yield* decompress(format, [bytes], { limit: MAX_UNPACKED });
}
