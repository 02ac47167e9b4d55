import { unzstd, zstd } from '@btf-depot/codec';
import type { Source } from '@btf-depot/bytes';
import type { Delivery } from '@btf-depot/contracts';
import type { Elf } from '@btf-depot/elf';
import { elfImage, readSystemMap, writeSystemMap, type KernelImage } from '@btf-depot/extras';
import { DepotError } from './errors.ts';
import { refusing } from './refusals.ts';
import { sha256Of } from './sha256.ts';

/** A kernel's symbols as the store has them: `nm -S`, compressed with zstd. */
export interface SymbolsPart {
  bytes: Uint8Array;
  sha256: string;
  origin: 'symtab' | 'map';
}

/** What may say where a kernel's variables are. */
interface ImageSources {
  elf?: Elf;
  /** System.map, or kallsyms. */
  map?: Source;
  /** Bytes of a `SymbolsPart` that came with an earlier upload. */
  symbols?: Uint8Array;
}

export interface KnownImage extends KernelImage {
  /** The part of the upload that the symbols are from; `stored`: of an earlier one. */
  readonly from: 'kernel' | 'map' | 'stored';
}

/** Text of a map; a kernel's has some 8 MB. */
const MAP_LIMIT = 256 * 1024 * 1024;

/** Symbols are read once or twice again: small enough at once. */
const LEVEL = 3;

/**
 * What is known of a kernel's image, by the best source that there is, and the part to keep where
 * this upload brought it.
 * @throws DepotError where the map is malformed.
 */
export function kernelImage(
  delivery: Delivery,
  { elf, map, symbols }: ImageSources,
): { image?: KnownImage; part?: SymbolsPart } {
  // Without core of its own a kernel registers no BTF on it.
  if (delivery === 'module') return {};
  const own = elf && elfImage(elf);
  if (own && own.symbols.length > 0) {
    return { image: { ...own, from: 'kernel' }, part: partOf(own, 'symtab') };
  }
  const sections = own && { sections: own.sections };
  if (map) {
    const image = { symbols: refusing('map', () => readMap(map)), ...sections };
    return { image: { ...image, from: 'map' }, part: partOf(image, 'map') };
  }
  if (!symbols) return {};
  const image = { symbols: readSystemMap(unzstd(symbols, { limit: MAP_LIMIT })), ...sections };
  return { image: { ...image, from: 'stored' } };
}

function readMap(map: Source): KernelImage['symbols'] {
  if (map.size > MAP_LIMIT) {
    throw new DepotError('too-large', `${map.size} bytes of symbols, ${MAP_LIMIT} are the limit`);
  }
  return readSystemMap(map.read(0, map.size));
}

function partOf({ symbols }: KernelImage, origin: SymbolsPart['origin']): SymbolsPart {
  const bytes = zstd(writeSystemMap(symbols), { level: LEVEL });
  return { bytes, sha256: sha256Of(bytes), origin };
}
