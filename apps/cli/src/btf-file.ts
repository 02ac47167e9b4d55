import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { FormatError, type Source } from '@btf-depot/bytes';
import { findBtf, parseBtf, type Btf, type BtfSection } from '@btf-depot/btf';
import { withUnpackedSource } from './unpacked-source.ts';

/**
 * The BTF sections of a file, which may be compressed; raw BTF is one, `.BTF`.
 * @throws FormatError that names the file.
 */
export function readSections(path: string): Promise<BtfSection[]> {
  return withUnpackedSource(path, ({ source }) => sectionsOf(source, path));
}

/** The same of a file that is open; its path is for messages. */
export function sectionsOf(source: Source, path: string): BtfSection[] {
  try {
    return findBtf(source);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(error.code, `${path}: ${error.message}`, {}, { cause: error });
  }
}

/** The bytes of a file's BTF: raw, or a section of an ELF file, by default `.BTF`. */
export async function readBtf(path: string, section = '.BTF'): Promise<Uint8Array> {
  const found = await readSections(path);
  const one = found.find(({ name }) => name === section);
  if (one) return one.bytes;
  const names = found.map(({ name }) => name).join(', ');
  throw new FormatError('btf-none', `${path} has no ${section}, but ${names}`);
}

/** @param base path of the BTF that this one is split from. */
export async function openBtf(path: string, base?: string, section?: string): Promise<Btf> {
  const bytes = await readBtf(path, section);
  const standsOn = base === undefined ? undefined : await openBtf(base);
  try {
    return parseBtf(bytes, standsOn ? { base: standsOn } : {});
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const hint = standsOn ? '' : '; where it is split BTF, name what it stands on: --base FILE';
    throw new FormatError(error.code, `${path}: ${error.message}${hint}`, {}, { cause: error });
  }
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
