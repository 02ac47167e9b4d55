import { ByteReader, FormatError, type Source } from '@btf-depot/bytes';
import { compressionOf, type Compression } from '@btf-depot/codec';

/** A compressed kernel inside a bootable one. */
export interface Payload {
  readonly compression: Compression;
  /** Bytes from the start of the file; the stream itself, without the size that follows it. */
  readonly offset: number;
  readonly length: number;
  /** Bytes that come out. */
  readonly size: number;
}

/**
 * The payload of an x86 bzImage by its setup header: `payload_offset` counts from the end of the
 * setup sectors (Documentation/arch/x86/boot.rst, protocol 2.08 and newer). Throws FormatError
 * `image-truncated`, `image-corrupt`.
 */
export function bzImagePayload(source: Source): Payload {
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
  return payload(source, offset, head.u32());
}

/** The payload of an EFI zboot image, drivers/firmware/efi/libstub/zboot-header.S. */
export function zbootPayload(source: Source): Payload {
  const head = new ByteReader(source.read(0, Math.min(source.size, 64)), 'little', {
    section: 'zboot header',
    code: 'image-truncated',
  });
  head.seek(8);
  const offset = head.u32();
  return payload(source, offset, head.u32());
}

/**
 * The last four bytes of a payload are the size that comes out: gzip has it there anyway, and the
 * kernel's build appends it to the others (`size_append`, scripts/Makefile.lib).
 */
function payload(source: Source, offset: number, length: number): Payload {
  if (length < 18 || offset + length > source.size) {
    const message = `a payload of ${length} bytes in a file of ${source.size}`;
    throw new FormatError('image-truncated', message, { section: 'payload', offset });
  }
  const compression = compressionOf(source.read(offset, 13));
  if (compression === undefined) {
    const message = 'compressed with nothing that is known';
    throw new FormatError('image-corrupt', message, { section: 'payload', offset });
  }
  const size = new ByteReader(source.read(offset + length - 4, 4), 'little').u32();
  return { compression, offset, length: compression === 'gzip' ? length : length - 4, size };
}
