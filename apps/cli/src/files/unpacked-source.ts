import { bytesSource, chunksOf, type Source } from '@btf-depot/bytes';
import { COMPRESSION_HEAD, compressionOf, decompress, type Compression } from '@btf-depot/codec';
import { recognise } from '@btf-depot/depot';
import { openFileSource } from '@btf-depot/compute';
import { readImage, type RawImage } from '@btf-depot/unpack';
import { withUnpacked } from './local-file.ts';
import { SpecialFiles } from './special-file.ts';

/** Most bytes of an unpacked file here. */
const UNPACKED_LIMIT = 1 << 30;

export interface UnpackedSource {
  /** ELF or BTF. */
  source: Source;
  /** Its compression. */
  compressed?: Compression | undefined;
  /** For the BTF of an image without ELF headers: the image's other facts. */
  image?: Pick<RawImage, 'buildId' | 'release' | 'arch'>;
  /** It was inside an image, a package or an archive. */
  isInside?: boolean;
}

/**
 * Calls a function with a file's contents in any wrapping: compressed, as carriers and modules
 * often are, or in an image or package, as `push` takes a kernel. All verbs open their files so.
 */
export async function withUnpackedSource<Result>(
  named: string,
  use: (unpacked: UnpackedSource) => Result | Promise<Result>,
): Promise<Result> {
  await using special = new SpecialFiles();
  const path = await special.regular(named);
  using file = openFileSource(path);
  const compressed = compressionOf(file.read(0, Math.min(file.size, COMPRESSION_HEAD)));
  const source = compressed
    ? await decompressed(file, compressed)
    : isWanted(file)
      ? file
      : undefined;
  if (source) return await use({ source, compressed });
  return await withUnpacked(path, async ({ kernel, module }) => {
    const found = kernel?.path ?? module;
    if (found === undefined) throw new Error(`${path} contains neither a kernel nor a module`);
    using inner = openFileSource(found);
    const image = kernel?.kind === 'image' ? readImage(inner) : undefined;
    if (!image) return await use({ source: inner, isInside: true });
    const { btf, ...says } = image;
    const bytes = bytesSource(inner.read(btf.offset, btf.length));
    return await use({ source: bytes, image: says, isInside: true });
  });
}

function isWanted(source: Source): boolean {
  try {
    recognise(source);
    return true;
  } catch {
    return false;
  }
}

/** The file in memory; undefined if it is neither ELF nor BTF: then only its beginning is read. */
async function decompressed(file: Source, compressed: Compression): Promise<Source | undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompress(compressed, chunksOf(file), { limit: UNPACKED_LIMIT })) {
    if (chunks.length === 0 && !isWanted(bytesSource(chunk))) return undefined;
    chunks.push(chunk);
  }
  return bytesSource(Buffer.concat(chunks));
}
