import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { FormatError, type Source } from '@btf-depot/bytes';
import {
  eachNameSlot,
  findBtf,
  parseBtf,
  relocateBtf,
  type Btf,
  type BtfSection,
} from '@btf-depot/btf';
import { readModinfo } from '@btf-depot/carrier';
import { recognise, sha256Of } from '@btf-depot/depot';
import { ElfType, readElf } from '@btf-depot/elf';
import { withUnpackedSource } from './unpacked-source.ts';

/** The part of a module's base that it keeps beside its BTF (pahole's distilled_base). */
export const DISTILLED = '.BTF.base';

/**
 * The BTF sections of a file, compressed or not; raw BTF counts as one, `.BTF`.
 * @throws FormatError that names the file.
 */
export function readSections(path: string): Promise<BtfSection[]> {
  return withUnpackedSource(path, ({ source }) => sectionsOf(source, path));
}

/** The same for an open file; its path is for messages. */
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
  return (await readChain(path, section)).bytes;
}

/** BTF, and the distilled base beside it in a module. */
interface BtfOfFile {
  bytes: Uint8Array;
  distilled?: Uint8Array | undefined;
}

export async function readChain(path: string, section = '.BTF'): Promise<BtfOfFile> {
  const found = new Map((await readSections(path)).map(({ name, bytes }) => [name, bytes]));
  const bytes = found.get(section);
  if (bytes) return { bytes, distilled: section === '.BTF' ? found.get(DISTILLED) : undefined };
  const names = [...found.keys()].join(', ');
  throw new FormatError('btf-none', `${path} has no ${section}, but ${names}`);
}

/** @throws FormatError `btf-base` for the BTF of a module with a base of its own. */
export function refuseDistilled(path: string, sections: ReadonlyMap<string, unknown>): void {
  if (!sections.has(DISTILLED)) return;
  throw new FormatError(
    'btf-base',
    `${path}: its .BTF stands on the ${DISTILLED} beside it, so it has no types of a kernel; ` +
      `btfdepot dump prints them, with --base as they are on a kernel`,
  );
}

/**
 * Reads a module on its distilled base, or relocates it to `base`.
 * @param base path of the base of split BTF.
 */
export async function openBtf(path: string, base?: string, section?: string): Promise<Btf> {
  return openOn(path, base === undefined ? undefined : await openBtf(base), section);
}

/** The same on an open base. */
export async function openOn(path: string, base: Btf | undefined, section?: string): Promise<Btf> {
  const { bytes, distilled } = await readChain(path, section);
  try {
    if (distilled) return openDistilled(bytes, distilled, base);
    if (base) await refuseForeignBase(path, bytes, base);
    return parseBtf(bytes, { base });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const hint = (base ?? distilled) ? '' : '; if it is split BTF, name its base with --base FILE';
    throw new FormatError(error.code, `${path}: ${error.message}${hint}`, {}, { cause: error });
  }
}

function openDistilled(bytes: Uint8Array, distilled: Uint8Array, base: Btf | undefined): Btf {
  const split = parseBtf(bytes, { base: parseBtf(distilled, { section: DISTILLED }) });
  return base ? parseBtf(relocateBtf(split, base), { base }) : split;
}

/**
 * Checks that split BTF belongs to this base: by the hash in a carrier, else by its names. A name
 * that lies in the base must be a whole name there. With the base of another build, ids and names
 * would be valid, but wrong.
 * @throws FormatError `btf-base`.
 */
export async function refuseForeignBase(path: string, bytes: Uint8Array, base: Btf): Promise<void> {
  const named = await namedBase(path);
  const sha256 = sha256Of(base.bytes);
  if (named !== undefined && named !== sha256) {
    const message = `it was split from the BTF with SHA-256 ${named}; the base given has ${sha256}`;
    throw new FormatError('btf-base', message);
  }
  const btf = parseSplit(bytes, base);
  if (btf === undefined || !cutsNames(btf, base)) return;
  throw new FormatError('btf-base', 'the base given is of another build: its names do not fit');
}

function parseSplit(bytes: Uint8Array, base: Btf): Btf | undefined {
  try {
    return parseBtf(bytes, { base });
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Whether a name of the split BTF begins in the middle of a name of its base. */
function cutsNames({ words, positions }: Btf, base: Btf): boolean {
  const { strings, stringStart, stringEnd } = base;
  let isCut = false;
  for (const at of positions) {
    eachNameSlot(words, at, (slot) => {
      const offset = words[slot];
      if (offset <= stringStart || offset >= stringEnd) return;
      isCut ||= strings[offset - stringStart - 1] !== 0;
    });
  }
  return isCut;
}

/** A carrier's statement about the base of its BTF. */
async function namedBase(path: string): Promise<string | undefined> {
  // A pipe has been read already.
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return undefined;
  return withUnpackedSource(path, ({ source }) => {
    if (recognise(source) === 'btf') return undefined;
    const elf = readElf(source);
    const section = elf.header.type === ElfType.REL ? elf.filled('.modinfo') : undefined;
    const entries = section ? readModinfo(elf.bytes(section)) : [];
    return entries.find(({ key }) => key === 'btf_base_sha256')?.value;
  });
}

/** Renamed when complete: nobody sees half a file in the folder, and none is left there. */
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
