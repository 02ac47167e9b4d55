import type { Source } from '@btf-depot/bytes';
import { Kind, parseBtf, type Btf } from '@btf-depot/btf';
import type { PartEntries } from '@btf-depot/contracts';
import type { Elf } from '@btf-depot/elf';
import {
  inlinesFromDwarf,
  writeCallerMap,
  type InlineCoverage,
  type InlinesFromDwarf,
} from '@btf-depot/extras';
import { refusing } from '../input-errors.ts';
import { sha256Of } from '../sha256.ts';
import type { SplitPart } from './split-part.ts';

export interface InlinesPart extends SplitPart {
  sites: number;
  origin: PartEntries['inlines']['origin'];
  coverage?: InlineCoverage;
  /** Text of a CallerMap. */
  map: Pick<SplitPart, 'bytes' | 'sha256'>;
}

/** The section in which newer kernels' builds have them (bpf-next, October 2026). */
export const UPSTREAM_SECTION = '.BTF.inline';

export interface InlinesOrigins {
  elf: Elf;
  core: Btf;
  /** The calls that the kernel's own build wrote: see `ownInlines`. */
  own: Uint8Array | undefined;
  inDwarf: InlinesFromDwarf | undefined;
}

/**
 * A kernel's inlined calls: as its own build wrote them, byte for byte, or else from its DWARF.
 * @throws DepotError `bad-btf`.
 */
export function inlinesPart(origins: InlinesOrigins): InlinesPart | undefined {
  const { own, inDwarf } = origins;
  return refusing('kernel', () => {
    if (own) return describe(origins, own, { origin: 'kernel' });
    if (!inDwarf) return undefined;
    const { bytes, coverage, classes } = inDwarf;
    return describe(origins, bytes, { origin: 'dwarf', coverage }, classes);
  });
}

/** The same for a separate file, if it has any. @param dwarf the file, if it has DWARF. */
export function inlinesOfKernel(
  elf: Elf,
  core: Btf,
  dwarf: Source | undefined,
): InlinesPart | undefined {
  const own = ownInlines(elf);
  const inDwarf =
    own || !dwarf ? undefined : refusing('kernel', () => inlinesFromDwarf(dwarf, core));
  return inlinesPart({ elf, core, own, inDwarf });
}

/** The inlined calls inside a kernel. */
export function ownInlines(elf: Elf): Uint8Array | undefined {
  const section = elf.filled(UPSTREAM_SECTION);
  return section && elf.bytes(section);
}

function describe(
  { elf, core }: InlinesOrigins,
  bytes: Uint8Array,
  about: Pick<InlinesPart, 'origin' | 'coverage'>,
  classes?: Uint8Array,
): InlinesPart {
  const btf = parseBtf(bytes, { base: core, section: UPSTREAM_SECTION });
  let sites = 0;
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) === Kind.LOCSEC) sites += btf.vlen(id);
  }
  const map = new TextEncoder().encode(writeCallerMap(elf, btf, classes));
  return {
    bytes,
    sha256: sha256Of(bytes),
    types: btf.typeCount,
    sites,
    ...about,
    map: { bytes: map, sha256: sha256Of(map) },
  };
}
