import { unzstd, zstd } from '@btf-depot/codec';
import { FormatError, type Source } from '@btf-depot/bytes';
import type { Elf } from '@btf-depot/elf';
import {
  checkMap,
  lostMemory,
  ownSymbols,
  ownSymbolsOfImage,
  readSystemMap,
  writeSystemMap,
  type KernelImage,
  type KernelSymbol,
  type OwnSymbols,
} from '@btf-depot/extras';
import { DepotError } from '../errors.ts';
import { asDepotError, refusing } from '../input-errors.ts';
import { sha256Of } from '../sha256.ts';

/** The source of symbols; a map is a claim, the others are the kernel itself. */
export type Evidence = 'kallsyms' | 'symtab' | 'map';

/** A kernel's symbols as the store has them: `nm -S`, compressed with zstd. */
export interface SymbolsPart {
  bytes: Uint8Array;
  sha256: string;
  /** For readers that do not know `from`: `symtab` also stands for kallsyms. */
  origin: 'symtab' | 'map';
  from: Evidence;
  /** The kernel's kallsyms has only functions: it finds no variable by name. */
  hidesVariables?: true | undefined;
}

/** Symbols of an earlier upload. */
export type StoredSymbols = Pick<SymbolsPart, 'bytes' | 'from' | 'hidesVariables'>;

/** Sources of the addresses of a kernel's variables. */
interface ImageSources {
  elf?: Elf | undefined;
  /** A kernel without ELF headers. */
  raw?: Source | undefined;
  arch?: string | undefined;
  /** System.map, or kallsyms. */
  map?: Source | undefined;
  /** The map came in the kernel's package: nobody asked for its use. */
  mapCameAlong?: boolean | undefined;
  symbols?: StoredSymbols | undefined;
}

export interface KnownImage extends KernelImage {
  /** The part of the upload with the symbols; `stored`: an earlier upload. */
  readonly part: 'kernel' | 'map' | 'stored';
  readonly from: Evidence;
  readonly hidesVariables: boolean;
}

export interface FoundImage {
  image?: KnownImage | undefined;
  /** To be stored, if this upload brought the symbols. */
  symbols?: SymbolsPart | undefined;
  /** Why the map from the package is not used. */
  mapIgnored?: string;
}

/** Text of a map; a kernel's has some 8 MB. */
const MAP_LIMIT = 256 * 1024 * 1024;

/** Symbols are read once or twice again: small and fast to write. */
const LEVEL = 3;

/**
 * A kernel's image, from the best source: the kernel itself, a map, an earlier upload. A map is
 * compared with the kernel's own symbols, if it has any.
 * @throws DepotError if the map is malformed, or of another kernel.
 */
export function kernelImage(keepsCore: boolean, sources: ImageSources): FoundImage {
  // A kernel without its own core registers no BTF on it.
  if (!keepsCore) return {};
  const own = ownOf(sources);
  const { map, mapIgnored } = mapOf(sources, own);
  const ignored = mapIgnored === undefined ? {} : { mapIgnored };
  const place = {
    sections: own?.sections,
    arch: own?.arch ?? sources.arch,
  };
  const stored = storedImage(sources.symbols, place);
  const found = own && own.symbols.length > 0 ? imageOf(own) : undefined;
  const known = found ?? (stored?.from === 'map' ? undefined : stored);
  // If the kernel's kallsyms has only functions, a map gives the addresses of variables.
  const hidesVariables = known?.hidesVariables ?? false;
  if (map && (!known || (hidesVariables && known.from === 'kallsyms'))) {
    const image: KnownImage = { ...place, symbols: map, part: 'map', from: 'map', hidesVariables };
    return { image, symbols: partOf(image), ...ignored };
  }
  const image = known ?? stored;
  return { image, symbols: found && partOf(found), ...ignored };
}

function imageOf(own: OwnSymbols): KnownImage {
  return { hidesVariables: false, ...own, part: 'kernel' };
}

function ownOf({ elf, raw, arch }: ImageSources): OwnSymbols | undefined {
  return refusing('kernel', () => {
    if (elf) return ownSymbols(elf);
    return raw && ownSymbolsOfImage(raw, arch);
  });
}

/** A named map is used or refused; one from a package is used or ignored. */
function mapOf(
  { map: file, mapCameAlong, symbols }: ImageSources,
  own: OwnSymbols | undefined,
): { map?: KernelSymbol[]; mapIgnored?: string } {
  if (!file) return {};
  try {
    const map = readMap(file);
    const stored = symbols && symbols.from !== 'map' ? readStored(symbols) : undefined;
    const known = own && own.symbols.length > 0 ? own.symbols : stored;
    if (known) checkMap(map, known);
    else lostMemory({ symbols: map, arch: own?.arch });
    return { map };
  } catch (error) {
    const refusal = asDepotError('map', error);
    if (!mapCameAlong || !(refusal instanceof DepotError)) throw refusal;
    return { mapIgnored: refusal.message };
  }
}

function storedImage(
  stored: StoredSymbols | undefined,
  place: Pick<KernelImage, 'sections' | 'arch'>,
): KnownImage | undefined {
  const symbols = stored && readStored(stored);
  if (!symbols) return undefined;
  const { from, hidesVariables = false } = stored;
  return { ...place, symbols, part: 'stored', from, hidesVariables };
}

/** None if the text is not a map: earlier versions kept names that nothing reads back. */
function readStored({ bytes }: StoredSymbols): KernelSymbol[] | undefined {
  try {
    return readSystemMap(unzstd(bytes, { limit: MAP_LIMIT }));
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function readMap(map: Source): KernelSymbol[] {
  if (map.size > MAP_LIMIT) {
    throw new DepotError('too-large', `the map has ${map.size} bytes; the limit is ${MAP_LIMIT}`);
  }
  return readSystemMap(map.read(0, map.size));
}

function partOf({ symbols, from, hidesVariables }: KnownImage): SymbolsPart {
  const bytes = zstd(writeSystemMap(symbols), { level: LEVEL });
  const origin = from === 'map' ? 'map' : 'symtab';
  return {
    bytes,
    sha256: sha256Of(bytes),
    origin,
    from,
    hidesVariables: hidesVariables ? true : undefined,
  };
}
