import { FormatError, type StreamReader } from '@btf-depot/bytes';
import { LiblzmaDecoder } from './liblzma-decoder.ts';

/** Properties, dictionary size, unpacked size. */
const HEADER = 13;

/** Bytes of a dictionary: no compressor of kernels goes beyond 64 MiB. */
const DICTIONARY_LIMIT = 128 * 1024 * 1024;

/** lzma_auto_decoder takes a larger header for another format. */
const SIZE_LIMIT = 2n ** 38n;

/** Bytes that are decoded at once. */
const PIECE = 64 * 1024;

/**
 * LZMA_alone, the older format of xz: `lzma-specification.txt` of the LZMA SDK. It has no
 * checksum; its end is a mark, or the size that the header states.
 */
export async function* unlzma(reader: StreamReader): AsyncGenerator<Uint8Array> {
  const header = checkedHeader(await reader.read(HEADER));
  using decoder = await LiblzmaDecoder.start('lzma');
  yield* copies(decoder.decode(header));
  while (!decoder.isDone) {
    if (await reader.isAtEnd()) {
      throw new FormatError('lzma-truncated', 'the stream ends early', { section: 'lzma' });
    }
    const used = yield* copies(decoder.decode(reader.held().subarray(0, PIECE)));
    reader.drop(used);
  }
}

function* copies(views: Generator<Uint8Array, number>): Generator<Uint8Array, number> {
  for (;;) {
    const { value, done } = views.next();
    if (done === true) return value;
    yield value.slice();
  }
}

/**
 * The header with its dictionary rounded up to a power of two: lzma_auto_decoder accepts few other
 * sizes.
 */
function checkedHeader(bytes: Uint8Array): Uint8Array {
  const header = Uint8Array.from(bytes);
  const view = new DataView(header.buffer);
  const [properties, dictionary] = [view.getUint8(0), view.getUint32(1, true)];
  const size = view.getBigInt64(5, true);
  if (properties >= 9 * 5 * 5) throw corrupt(`properties ${properties}`);
  if (dictionary > DICTIONARY_LIMIT) {
    throw new FormatError('lzma-limit', `a dictionary of ${dictionary} bytes`);
  }
  if (size < -1n || size >= SIZE_LIMIT) throw corrupt(`a size of ${size}`);
  view.setUint32(1, 2 ** Math.ceil(Math.log2(Math.max(dictionary, 4096))), true);
  return header;
}

function corrupt(message: string): FormatError {
  return new FormatError('lzma-corrupt', message, { section: 'lzma' });
}
