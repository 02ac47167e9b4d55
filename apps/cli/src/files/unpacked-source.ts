import { bytesSource, chunksOf, type Source } from '@btf-depot/bytes';
import { COMPRESSION_HEAD, compressionOf, decompress, type Compression } from '@btf-depot/codec';
import { recognise } from '@btf-depot/depot';
import { openFileSource } from '@btf-depot/compute';
import { readImage, type RawImage } from '@btf-depot/unpack';
import { withUnpacked } from './local-file.ts';
import { SpecialFiles } from './special-file.ts';

/** Bytes that a compressed file may unpack to here. */
const UNPACKED_LIMIT = 1 << 30;

export interface UnpackedSource {
  /** ELF or BTF. */
  source: Source;
  /** What it was compressed with. */
  compressed?: Compression | undefined;
  /** Where it is the BTF of an image without ELF headers: what else this says. */
  image?: Pick<RawImage, 'buildId' | 'release' | 'arch'>;
  /** It was inside something: an image, a package, an archive. */
  isInside?: boolean;
}

/**
 * Runs with what a file holds, whatever it is wrapped in: compressed, as carriers and modules often
 * are, or in an image or a package, as `push` takes a kernel. All verbs open their files so.
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

/** In memory; undefined if that is neither ELF nor BTF, of which only the beginning is read. */
async function decompressed(file: Source, compressed: Compression): Promise<Source | undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompress(compressed, chunksOf(file), { limit: UNPACKED_LIMIT })) {
    if (chunks.length === 0 && !isWanted(bytesSource(chunk))) return undefined;
    chunks.push(chunk);
  }
  return bytesSource(Buffer.concat(chunks));
}
