import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { FormatError } from '@btf-depot/bytes';
import { findBtf, parseBtf, type Btf } from '@btf-depot/btf';
import { openFileSource } from '@btf-depot/service-kit';

/** The bytes of a file's BTF: raw, or a section of an ELF file, by default `.BTF`. */
export function readBtf(path: string, section = '.BTF'): Uint8Array {
  using file = openFileSource(path);
  const found = findBtf(file);
  const one = found.find(({ name }) => name === section);
  if (one) return one.bytes;
  const names = found.map(({ name }) => name).join(', ');
  throw new FormatError('btf-none', `${path} has no ${section}, but ${names}`);
}

/** @param base path of the BTF that this one is split from. */
export function openBtf(path: string, base?: string, section?: string): Btf {
  const bytes = readBtf(path, section);
  return parseBtf(bytes, base === undefined ? {} : { base: openBtf(base) });
}

/** Renamed when it is whole: whoever watches the folder sees no half of it, and none is left. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const part = `${path}.part`;
  try {
    writeFileSync(part, bytes);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
