import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { LzmaDecoder } from './lzma-decoder.ts';

/** Properties, dictionary size, unpacked size; then five bytes of the range coder. */
const HEADER = 13;

/** No compressor of kernels goes beyond 64 MiB. */
const DICTIONARY_LIMIT = 256 * 1024 * 1024;

/** Bytes at hand before more symbols are decoded: one takes at most 20 of them. */
const AHEAD = 64 * 1024;
const SYMBOL = 32;

/**
 * LZMA_alone, the older format of xz: `lzma-specification.txt` of the LZMA SDK. It has no
 * checksum; its end is a mark, or the size that the header states.
 */
export async function* unlzma(reader: StreamReader): AsyncGenerator<Uint8Array> {
  const header = await reader.read(HEADER);
  const view = new DataView(header.buffer, header.byteOffset, HEADER);
  const properties = view.getUint8(0);
  const dictionary = view.getUint32(1, true);
  const size = view.getBigInt64(5, true);
  if (properties >= 9 * 5 * 5) throw corrupt(`properties ${properties}`);
  if (dictionary > DICTIONARY_LIMIT) {
    throw new FormatError('lzma-limit', `a dictionary of ${dictionary} bytes`);
  }
  if (size < -1n || size > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(`a size of ${size}`);
  const decoder = new LzmaDecoder({
    lc: properties % 9,
    lp: Math.floor(properties / 9) % 5,
    pb: Math.floor(properties / 45),
    dictionary,
    size: size === -1n ? undefined : Number(size),
  });
  decoder.start(await reader.read(5));
  for (;;) {
    const isMore = await reader.fill(AHEAD);
    const input = reader.held();
    // The last symbols are decoded with zeros behind the input; whether they were used is seen.
    const padded = isMore ? input : Buffer.concat([input, new Uint8Array(SYMBOL)]);
    const used = decoder.run(padded, padded.length - SYMBOL);
    if (used > input.length) {
      throw new FormatError('lzma-truncated', 'the stream ends early', { section: 'lzma' });
    }
    reader.drop(used);
    const output = decoder.output();
    if (output.length > 0) yield output;
    if (decoder.isDone) return;
    if (!isMore && used === input.length && output.length === 0) {
      throw new FormatError('lzma-truncated', 'the stream ends early', { section: 'lzma' });
    }
  }
}

function corrupt(message: string): FormatError {
  return new FormatError('lzma-corrupt', message, { section: 'lzma' });
}
