import { BtfBuilder, type Btf } from '@btf-depot/btf';
import type { Source } from '@btf-depot/bytes';
import type { Unit } from '@btf-depot/dwarf';
import { Names } from '../from-dwarf/types/names.ts';
import { TypeResolver } from '../from-dwarf/types/resolve-types.ts';
import { TypeTable } from '../from-dwarf/types/type-table.ts';
import {
  passOverDwarf,
  type PassInput,
  type PassOptions,
  type UnitPass,
} from '../from-dwarf/unit-pass.ts';
import { InlineCollector } from './collect.ts';
import type { InlineCoverage } from './coverage.ts';
import { inlinesBtf, type InlinesBtf } from './inlines-btf.ts';

export interface InlinesFromDwarf extends InlinesBtf {
  readonly coverage: InlineCoverage;
}

/** Finds inlined calls. */
class InlinesPass implements UnitPass<InlinesFromDwarf> {
  readonly walks = true;
  readonly #core: Btf;
  readonly #builder: BtfBuilder;
  readonly #table: TypeTable;
  readonly #collector: InlineCollector;

  constructor({ elf, dwarf, index, most }: PassInput) {
    this.#core = index.core;
    this.#builder = new BtfBuilder({ base: index.core });
    const names = new Names(index, this.#builder);
    this.#table = new TypeTable(index, this.#builder, names, most.types);
    const resolver = new TypeResolver(dwarf, this.#table);
    this.#collector = new InlineCollector({ elf, dwarf, table: this.#table, resolver, most });
  }

  unit(unit: Unit, variable?: (offset: number) => void): void {
    this.#collector.unit(unit, variable);
  }

  finish(): InlinesFromDwarf {
    this.#table.build();
    const added = { builder: this.#builder, mayRepeat: this.#table.mayRepeat };
    const btf = inlinesBtf(this.#core, added, this.#collector);
    const { functions, count } = this.#collector;
    const inCore = functions.all.filter(({ inCore: id }) => id !== 0).length;
    return {
      ...btf,
      coverage: {
        ...count,
        sites: btf.sites,
        functionsInCore: inCore,
        functionsAdded: functions.all.length - inCore,
      },
    };
  }
}

export const inlinesPass = (input: PassInput): UnitPass<InlinesFromDwarf> => new InlinesPass(input);

/** Only the inlined calls of a kernel, as split BTF on its core. */
export function inlinesFromDwarf(
  vmlinux: Source,
  core: Btf,
  options: PassOptions = {},
): InlinesFromDwarf {
  return passOverDwarf(vmlinux, core, { inlines: inlinesPass }, options).inlines;
}
