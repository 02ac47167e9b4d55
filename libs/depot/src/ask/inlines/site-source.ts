import { parseBtf } from '@btf-depot/btf';
import { CallerMap, SiteTable } from '@btf-depot/extras';
import { NearNames } from '../near-names.ts';
import { refusing } from '../../input-errors.ts';

/** The parts of a kernel for questions about its inlined calls. */
export interface SiteParts {
  core: Uint8Array;
  /** Split BTF on core. */
  inlines: Uint8Array;
  /** Text of a CallerMap; without it, sites have neither address nor caller. */
  map?: Uint8Array | undefined;
  /** As in the record; without it, registers have numbers only. */
  arch?: string | undefined;
}

/** A kernel with its inlined calls opened. */
export interface SiteSource {
  readonly table: SiteTable;
  readonly map: CallerMap | undefined;
  readonly arch: string | undefined;
  /** Inlined functions with similar names. */
  readonly nearNames: (wanted: string) => string[];
  /** Its bytes, accurate enough for a cache's bound. */
  readonly memory: number;
}

/** Opens the parts; their bytes are kept. @throws DepotError `bad-btf`. */
export function openSites({ core, inlines, map, arch }: SiteParts): SiteSource {
  return refusing('inlines', () => {
    const base = parseBtf(core);
    const table = new SiteTable(parseBtf(inlines, { base, section: '.BTF.inlines' }));
    let near: NearNames | undefined;
    const perType = 20;
    const types = (base.typeCount + table.btf.typeCount) * perType;
    return {
      table,
      map: map && new CallerMap(Buffer.from(map).toString('latin1')),
      arch,
      nearNames: (wanted) => (near ??= new NearNames(table.names)).find(wanted),
      memory: core.length + inlines.length + types + table.memory + (map?.length ?? 0) * 3,
    };
  });
}
