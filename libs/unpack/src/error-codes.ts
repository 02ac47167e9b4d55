import { COMPRESSIONS } from '@btf-depot/codec';
import { FORMATS } from './formats/index.ts';

const PREFIXES = new Set<string>([
  'unpack',
  'cpio',
  ...COMPRESSIONS,
  ...FORMATS.flatMap(({ name, codes }) => [name, codes ?? name]),
]);

/** Whether a FormatError comes from a file's wrapping, by its code `<prefix>-<fault>`. */
export function isWrapping(code: string): boolean {
  return PREFIXES.has(code.slice(0, code.indexOf('-')));
}
