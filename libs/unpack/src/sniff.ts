import type { Source } from '@btf-depot/bytes';
import { COMPRESSION_HEAD, compressionOf } from '@btf-depot/codec';
import { isTar } from './tar.ts';

export type Container =
  'elf' | 'btf' | 'system-map' | 'deb' | 'rpm' | 'tar' | 'compressed' | 'bzimage' | 'zboot' | 'raw';

/** Bytes that are looked at. */
export const SNIFFED = 1024;

const MAGICS: readonly (readonly [Container, number, string])[] = [
  ['elf', 0, '\x7fELF'],
  ['btf', 0, '\x9f\xeb\x01'],
  ['btf', 0, '\xeb\x9f\x01'],
  ['deb', 0, '!<arch>\n'],
  ['rpm', 0, '\xed\xab\xee\xdb'],
  ['zboot', 4, 'zimg'],
  ['bzimage', 0x202, 'HdrS'],
];

/** A line of nm: address, type, name. */
const SYMBOL_LINE = /^[0-9a-f]{8}(?:[0-9a-f]{8})? [A-Za-z?] \S{1,512}\n/;

/** What a file is by its first bytes; `raw` where nothing else fits. */
export function sniff(source: Source): Container {
  const head = source.read(0, Math.min(source.size, SNIFFED));
  const text = Buffer.from(head).toString('latin1');
  const known = MAGICS.find(([, at, magic]) => text.startsWith(magic, at));
  if (known) return known[0];
  if (compressionOf(head.subarray(0, COMPRESSION_HEAD))) return 'compressed';
  if (isTar(head)) return 'tar';
  return SYMBOL_LINE.test(text) ? 'system-map' : 'raw';
}
