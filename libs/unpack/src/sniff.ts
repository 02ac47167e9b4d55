import type { Source } from '@btf-depot/bytes';
import { COMPRESSION_HEAD, compressionOf } from '@btf-depot/codec';
import { hasText, type Format } from './format.ts';
import { FORMATS } from './formats/index.ts';

/** A container, or a file that the depot works on. */
export type Sniffed = Format | 'elf' | 'btf' | 'system-map' | 'compressed' | 'raw';

/** Bytes that are examined. */
export const SNIFFED = 1024;

/** A line of nm: address, type, name. */
const SYMBOL_LINE = /^[0-9a-f]{8}(?:[0-9a-f]{8})? [A-Za-z?] \S{1,512}\n/;

/** The kind of a file by its first bytes; `raw` if no other fits. */
export function sniff(source: Source): Sniffed {
  const head = source.read(0, Math.min(source.size, SNIFFED));
  if (hasText(head, 0, '\x7fELF')) return 'elf';
  if (hasText(head, 0, '\x9f\xeb\x01') || hasText(head, 0, '\xeb\x9f\x01')) return 'btf';
  const format = FORMATS.find((one) => one.begins(head, source));
  if (format) return format;
  if (compressionOf(head.subarray(0, COMPRESSION_HEAD))) return 'compressed';
  return SYMBOL_LINE.test(Buffer.from(head).toString('latin1')) ? 'system-map' : 'raw';
}
