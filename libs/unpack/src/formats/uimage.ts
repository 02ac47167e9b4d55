import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import type { Compression } from '@btf-depot/codec';
import type { ImageFormat, Piece } from '../format.ts';
import { checkedPart } from '../images/payload.ts';

const MAGIC = [0x27, 0x05, 0x19, 0x56];
const HEADER = 64;

/** ih_type and ih_comp of include/image.h of U-Boot. */
const Type = { KERNEL: 2, MULTI: 4, KERNEL_NOLOAD: 14 } as const;
const COMPRESSION = [undefined, 'gzip', 'bzip2', 'lzma', 'lzo', 'lz4', 'zstd'] as const;

/**
 * U-Boot's older images: a header of 64 bytes, then the kernel, compressed as the header states.
 */
export const uimage: ImageFormat = {
  kind: 'image',
  name: 'uimage',
  begins: (head) => MAGIC.every((byte, at) => head[at] === byte),
  pieces(source) {
    const header = new ByteReader(source.read(0, Math.min(HEADER, source.size)), 'big', {
      section: 'uimage',
      code: 'uimage-truncated',
    });
    header.seek(12);
    const length = header.u32();
    header.seek(30);
    const [type, method] = [header.u8(), header.u8()];
    header.seek(HEADER);
    const compression: Compression | undefined = COMPRESSION[method];
    const part = checkedPart('uimage', source, { offset: HEADER, length });
    const piece: Piece = { ...part, name: 'kernel', kind: 'kernel', compression };
    if (type === Type.MULTI) return [firstOf(source, piece)];
    return type === Type.KERNEL || type === Type.KERNEL_NOLOAD ? [piece] : [];
  },
};

/** Several files: their sizes, a zero, then the files; the first one is the kernel. */
function firstOf(source: Source, piece: Piece): Piece {
  const words = Math.min(64, Math.floor(piece.length / 4));
  const sizes = new ByteReader(source.read(piece.offset, 4 * words), 'big');
  const length = words > 0 ? sizes.u32() : 0;
  for (let left = words - 1; left > 0; left--) {
    if (sizes.u32() !== 0) continue;
    const part = { offset: piece.offset + sizes.position, length };
    return { ...piece, ...checkedPart('uimage', source, part) };
  }
  throw new FormatError('uimage-corrupt', 'no end of the list of files', { section: 'uimage' });
}
