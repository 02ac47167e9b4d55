import { ByteReader, ByteWriter, FormatError, type Endian } from '@btf-depot/bytes';
import { ELEMENT_WORDS, FIXED_WORDS, LAST_KIND } from '../kinds.ts';

/** The length of types of one kind: 12 + infoBytes + vlen × elementBytes (Linux 7.1). */
export interface KindLayout {
  readonly infoBytes: number;
  readonly elementBytes: number;
  readonly flags: number;
}

/** Reads a layout section; the index is the kind. Throws FormatError `btf-layout`. */
export function readLayouts(bytes: Uint8Array, endian: Endian, section: string): KindLayout[] {
  if (bytes.length % 4 !== 0) {
    throw new FormatError('btf-layout', `layouts of ${bytes.length} bytes`, { section });
  }
  const reader = new ByteReader(bytes, endian, { section });
  return Array.from({ length: Math.min(bytes.length / 4, 128) }, () => ({
    infoBytes: reader.u8(),
    elementBytes: reader.u8(),
    flags: reader.u16(),
  }));
}

export function writeLayouts(layouts: readonly KindLayout[], endian: Endian): Uint8Array {
  const out = new ByteWriter(endian);
  for (const { infoBytes, elementBytes, flags } of layouts) {
    out.u8(infoBytes).u8(elementBytes).u16(flags);
  }
  return out.finish();
}

/** Layouts of all kinds up to `last`, for writers that target Linux 7.1 and later. */
export function builtinLayouts(last: number = LAST_KIND): KindLayout[] {
  return Array.from({ length: last + 1 }, (_, kind) => ({
    infoBytes: FIXED_WORDS[kind] * 4,
    elementBytes: ELEMENT_WORDS[kind] * 4,
    flags: 0,
  }));
}
