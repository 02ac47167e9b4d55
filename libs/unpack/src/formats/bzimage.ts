import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import { hasText, type ImageFormat, type Piece } from '../format.ts';
import { payloadAt, wordAt } from '../images/payload.ts';

/** x86 kernels; Documentation/arch/x86/boot.rst. */
export const bzImage: ImageFormat = {
  kind: 'image',
  name: 'bzimage',
  codes: 'image',
  begins: (head) => hasText(head, 0x202, 'HdrS'),
  pieces: (source) => [payloadOf(source)],
};

/**
 * `payload_offset` counts from the end of the setup sectors (protocol 2.08 and newer). The last
 * four bytes of the payload are the unpacked size: gzip has it anyway, and for other formats the
 * kernel's build appends it (`size_append`, scripts/Makefile.lib).
 */
function payloadOf(source: Source): Piece {
  const head = new ByteReader(source.read(0, Math.min(source.size, 0x250)), 'little', {
    section: 'setup header',
    code: 'image-truncated',
  });
  head.seek(0x206);
  const version = head.u16();
  if (version < 0x208) {
    const message = `boot protocol ${version >> 8}.${version & 0xff} does not say where the payload is`;
    throw new FormatError('image-corrupt', message, { section: 'setup header' });
  }
  head.seek(0x1f1);
  const sectors = head.u8() || 4;
  head.seek(0x248);
  const offset = (sectors + 1) * 512 + head.u32();
  const { compression, ...part } = payloadAt(source, offset, head.u32());
  const size = wordAt(source, part.offset + part.length - 4);
  const length = compression === 'gzip' ? part.length : part.length - 4;
  return { ...part, length, name: 'payload', kind: 'kernel', compression, size };
}
