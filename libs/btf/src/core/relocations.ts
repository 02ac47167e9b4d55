import { ByteReader, FormatError } from '@btf-depot/bytes';
import { btfEndian } from '../wire/header.ts';

/** enum bpf_core_relo_kind (include/uapi/linux/bpf.h). */
export const RelocationKind = {
  FIELD_BYTE_OFFSET: 0,
  FIELD_BYTE_SIZE: 1,
  FIELD_EXISTS: 2,
  FIELD_SIGNED: 3,
  FIELD_LSHIFT: 4,
  FIELD_RSHIFT: 5,
  TYPE_ID_LOCAL: 6,
  TYPE_ID_TARGET: 7,
  TYPE_EXISTS: 8,
  TYPE_SIZE: 9,
  ENUMVAL_EXISTS: 10,
  ENUMVAL_VALUE: 11,
  TYPE_MATCHES: 12,
} as const;

/** One CO-RE relocation: an instruction's question about the running kernel. */
export interface CoreRelocation {
  /** String offset of the ELF section's name in the object's BTF. */
  readonly section: number;
  readonly instruction: number;
  /** Type id in the object's BTF. */
  readonly type: number;
  /** String offset of the access string: `0:1:2`. */
  readonly access: number;
  readonly kind: number;
}

/** The header's fields up to core_relo_len. */
const HEADER_WITH_CORE = 32;
const RECORD = 16;

/**
 * The CO-RE relocations in the contents of a `.BTF.ext` section; none if its header is too old for
 * them. Source: include/uapi/linux/bpf.h and libbpf's btf_ext_header. Throws FormatError `btf-ext`,
 * `btf-truncated`.
 */
export function readCoreRelocations(bytes: Uint8Array, section = '.BTF.ext'): CoreRelocation[] {
  const endian = btfEndian(bytes);
  if (endian === undefined) {
    throw new FormatError('btf-ext', 'no BTF.ext magic', { section, offset: 0 });
  }
  const header = new ByteReader(bytes, endian, { section, code: 'btf-truncated' });
  header.skip(4);
  const headerLength = header.u32();
  if (headerLength < HEADER_WITH_CORE) return [];
  header.skip(16);
  const [offset, length] = [header.u32(), header.u32()];
  if (length === 0) return [];
  const start = headerLength + offset;
  header.seek(start);
  const reader = new ByteReader(header.take(length), endian, {
    section,
    base: start,
    code: 'btf-truncated',
  });
  const size = reader.u32();
  if (size < RECORD || size % 4 !== 0) {
    throw new FormatError('btf-ext', `records of ${size} bytes`, { section, offset: start });
  }
  const relocations: CoreRelocation[] = [];
  while (reader.remaining > 0) {
    const name = reader.u32();
    const count = reader.u32();
    for (let i = 0; i < count; i++) {
      const record = new ByteReader(reader.take(size), endian);
      relocations.push({
        section: name,
        instruction: record.u32(),
        type: record.u32(),
        access: record.u32(),
        kind: record.u32(),
      });
    }
  }
  return relocations;
}
