import { unzstd, zstd } from '@btf-depot/codec';
import { FormatError, type Source } from '@btf-depot/bytes';
import type { Delivery } from '@btf-depot/contracts';
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

/** What symbols are known from; a map is somebody's claim, the others are the kernel itself. */
export type Evidence = 'kallsyms' | 'symtab' | 'map';

/** A kernel's symbols as the store has them: `nm -S`, compressed with zstd. */
export interface SymbolsPart {
  bytes: Uint8Array;
  sha256: string;
  /** For readers that do not know `from`: `symtab` also stands for kallsyms. */
  origin: 'symtab' | 'map';
  from: Evidence;
  /** The kernel's kallsyms has functions alone: no variable is found by its name. */
  hidesVariables?: true | undefined;
}

/** Symbols that an earlier upload brought. */
export type StoredSymbols = Pick<SymbolsPart, 'bytes' | 'from' | 'hidesVariables'>;

/** What may say where a kernel's variables are. */
interface ImageSources {
  elf?: Elf | undefined;
  /** A kernel without ELF headers. */
  raw?: Source | undefined;
  arch?: string | undefined;
  /** System.map, or kallsyms. */
  map?: Source | undefined;
  /** The map lay in a package beside the kernel: nobody has said that it is to be used. */
  mapCameAlong?: boolean | undefined;
  symbols?: StoredSymbols | undefined;
}

export interface KnownImage extends KernelImage {
  /** The part of the upload that the symbols are from; `stored`: of an earlier one. */
  readonly part: 'kernel' | 'map' | 'stored';
  readonly from: Evidence;
  readonly hidesVariables: boolean;
}

export interface FoundImage {
  image?: KnownImage | undefined;
  /** To be kept, where this upload brought the symbols. */
  symbols?: SymbolsPart | undefined;
  /** Why the map that came along is not used. */
  mapIgnored?: string;
}

/** Text of a map; a kernel's has some 8 MB. */
const MAP_LIMIT = 256 * 1024 * 1024;

/** Symbols are read once or twice again: small enough at once. */
const LEVEL = 3;

/**
 * What is known of a kernel's image, by the best source that there is: the kernel itself, a map,
 * what an earlier upload brought. A map of a kernel that has symbols is held against these.
 * @throws DepotError if the map is malformed, or not of this kernel.
 */
export function kernelImage(delivery: Delivery, sources: ImageSources): FoundImage {
  // Without core of its own a kernel registers no BTF on it.
  if (delivery === 'module') return {};
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
  // Of a kernel whose kallsyms has functions alone, a map says where variables are.
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

/** A map that was sent is taken or refused; one that came along is taken or left. */
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

/** None where the text is no map: earlier versions kept names that nothing reads back. */
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
