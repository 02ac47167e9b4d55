import { BtfBuilder, indexPartly, parseBtf, readBtfHeader } from '@btf-depot/btf';
import { FormatError, type Endian } from '@btf-depot/bytes';

/** Zero bytes that may align one part of BTF after another. */
const MOST_PADDING = 7;

/**
 * Checks that a section has BTF and nothing else: a header, distinct types, strings, and no other
 * bytes. Its base is unknown here, so ids and names that its types refer to are not looked up.
 * Throws FormatError: `carrier-contents`, and errors of `parseBtf`.
 */
export function checkBtfSection(section: string, bytes: Uint8Array, endian: Endian): void {
  const header = readBtfHeader(bytes, section);
  const wrong = (what: string) => new FormatError('carrier-contents', what, { section });
  if (header.endian !== endian) throw wrong(`its BTF is ${header.endian} endian`);
  const base = parseBtf(new BtfBuilder({ endian }).finish());
  const { failure } = indexPartly(bytes, { base, section });
  if (failure) throw failure;
  const parts = [
    { start: header.typeOffset, size: header.typeLength },
    { start: header.stringOffset, size: header.stringLength },
    { start: header.layoutOffset, size: header.layoutLength },
    { start: bytes.length - header.length, size: 0 },
  ].filter(({ size }, index) => size > 0 || index === 3);
  let end = 0;
  for (const { start, size } of parts.toSorted((a, b) => a.start - b.start)) {
    const between = bytes.subarray(header.length + end, header.length + start);
    if (start < end) throw wrong('parts of its BTF overlap');
    if (between.length > MOST_PADDING || between.some((byte) => byte !== 0)) {
      throw wrong('there are bytes beside the types and strings of its BTF');
    }
    end = start + size;
  }
}
