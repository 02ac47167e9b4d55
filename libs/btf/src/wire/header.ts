import { ByteReader, ByteWriter, FormatError, type Endian } from '@btf-depot/bytes';

/** The header's fields. Offsets count from the end of the header (`length`), sizes are bytes. */
export interface BtfHeader {
  readonly endian: Endian;
  readonly version: number;
  readonly flags: number;
  /** hdr_len: 24; since Linux 7.1 also 32; more if a newer writer added fields. */
  readonly length: number;
  readonly typeOffset: number;
  readonly typeLength: number;
  readonly stringOffset: number;
  readonly stringLength: number;
  readonly layoutOffset: number;
  readonly layoutLength: number;
}

const MAGIC = 0xeb9f;
/** The header that every version has. */
export const SHORT_HEADER = 24;
/** The header with a layout section, since Linux 7.1. */
export const LONG_HEADER = 32;

/** The byte order of the magic, or undefined if the bytes are no BTF. */
export function btfEndian(bytes: Uint8Array): Endian | undefined {
  if (bytes.length < 2) return undefined;
  if (bytes[0] === (MAGIC & 0xff) && bytes[1] === MAGIC >> 8) return 'little';
  if (bytes[0] === MAGIC >> 8 && bytes[1] === (MAGIC & 0xff)) return 'big';
  return undefined;
}

/**
 * Reads the header, 24 bytes or longer. Bytes beyond the known fields must be zero, as the kernel
 * demands (kernel/bpf/btf.c, btf_parse_hdr). Throws FormatError `btf-magic`, `btf-header`,
 * `btf-truncated`.
 */
export function readBtfHeader(bytes: Uint8Array, section: string): BtfHeader {
  const endian = btfEndian(bytes);
  if (endian === undefined) {
    throw new FormatError('btf-magic', 'no BTF magic', { section, offset: 0 });
  }
  const reader = new ByteReader(bytes, endian, { section, code: 'btf-truncated' });
  reader.skip(2);
  const version = reader.u8();
  const flags = reader.u8();
  const length = reader.u32();
  if (version !== 1) fail(section, 2, `version ${version}, expected 1`);
  if (length < SHORT_HEADER || length > bytes.length) {
    fail(section, 4, `header of ${length} bytes in ${bytes.length}`);
  }
  const [typeOffset, typeLength] = [reader.u32(), reader.u32()];
  const [stringOffset, stringLength] = [reader.u32(), reader.u32()];
  const hasLayout = length >= LONG_HEADER;
  const [layoutOffset, layoutLength] = hasLayout ? [reader.u32(), reader.u32()] : [0, 0];
  for (let at = reader.position; at < length; at++) {
    if (bytes[at] !== 0) fail(section, at, 'header field that is not known is not zero');
  }
  const header = { endian, version, flags, length, typeOffset, typeLength };
  const body = bytes.length - length;
  const inside = (what: string, at: number, offset: number, size: number): void => {
    if (offset > body || size > body - offset) {
      fail(section, at, `${what} need ${size} bytes at ${offset} of ${body}`);
    }
  };
  inside('types', 8, typeOffset, typeLength);
  inside('strings', 16, stringOffset, stringLength);
  inside('layouts', 24, layoutOffset, layoutLength);
  return { ...header, stringOffset, stringLength, layoutOffset, layoutLength };
}

function fail(section: string, offset: number, message: string): never {
  throw new FormatError('btf-header', message, { section, offset });
}

/** The header as bytes: 24, or `length`, with zeros for unknown fields. */
export function writeBtfHeader(header: BtfHeader): Uint8Array {
  const out = new ByteWriter(header.endian, header.length);
  out.u16(MAGIC).u8(header.version).u8(header.flags).u32(header.length);
  out.u32(header.typeOffset).u32(header.typeLength);
  out.u32(header.stringOffset).u32(header.stringLength);
  if (header.length >= LONG_HEADER) out.u32(header.layoutOffset).u32(header.layoutLength);
  return out.zeros(header.length - out.length).finish();
}
