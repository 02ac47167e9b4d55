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
import type { OnUnit } from './core-and-variables.ts';

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
  /** What the kernel's own build wrote: see `ownInlines`. */
  own?: Uint8Array | undefined;
  /** The kernel's file, where it has DWARF. */
  dwarf?: Source | undefined;
  /** Found already, in the pass over DWARF that found the variables. */
  found?: InlinesFromDwarf | undefined;
  onUnit?: OnUnit | undefined;
}

/**
 * A kernel's inlined calls: as its own build wrote them, byte for byte, or else from its DWARF.
 * @throws DepotError `bad-btf`, `bad-dwarf` and what else reading DWARF throws.
 */
export function inlinesPart(origins: InlinesOrigins): InlinesPart | undefined {
  const { core, own, dwarf, found, onUnit } = origins;
  return refusing('kernel', () => {
    if (own) return describe(origins, own, { origin: 'kernel' });
    const fromDwarf = found ?? (dwarf && inlinesFromDwarf(dwarf, core, onUnit ? { onUnit } : {}));
    if (!fromDwarf) return undefined;
    const { bytes, coverage, classes } = fromDwarf;
    return describe(origins, bytes, { origin: 'dwarf', coverage }, classes);
  });
}

/** The inlined calls that a kernel has inside. */
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
    ...{ bytes, sha256: sha256Of(bytes), types: btf.typeCount, sites },
    ...about,
    map: { bytes: map, sha256: sha256Of(map) },
  };
}
