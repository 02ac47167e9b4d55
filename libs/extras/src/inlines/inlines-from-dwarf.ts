import { BtfBuilder, type Btf } from '@btf-depot/btf';
import type { Dwarf, Unit } from '@btf-depot/dwarf';
import type { Elf } from '@btf-depot/elf';
import type { CoreIndex } from '../from-dwarf/core-index.ts';
import { Names } from '../from-dwarf/names.ts';
import { TypeResolver } from '../from-dwarf/resolve-types.ts';
import { TypeTable } from '../from-dwarf/type-table.ts';
import { InlineCollector } from './collect.ts';
import type { InlineCoverage } from './coverage.ts';
import { inlinesBtf, type InlinesBtf } from './inlines-btf.ts';

export interface InlinesFromDwarf extends InlinesBtf {
  readonly coverage: InlineCoverage;
}

export interface InlinesInput {
  readonly elf: Elf;
  readonly dwarf: Dwarf;
  readonly index: CoreIndex;
  /** How many there may be, `types` of which core lacks. */
  readonly most: { readonly types: number; readonly sites: number; readonly parameters: number };
}

/** Finds inlined calls in the pass over the units that finds the variables too. */
export class InlinesPass {
  readonly #core: Btf;
  readonly #builder: BtfBuilder;
  readonly #table: TypeTable;
  readonly #collector: InlineCollector;

  constructor({ elf, dwarf, index, most }: InlinesInput) {
    this.#core = index.core;
    this.#builder = new BtfBuilder({ base: index.core });
    const names = new Names(index, this.#builder);
    this.#table = new TypeTable(index, this.#builder, names, most.types);
    const resolver = new TypeResolver(dwarf, this.#table);
    this.#collector = new InlineCollector({ elf, dwarf, table: this.#table, resolver, most });
  }

  /** `variable`: called with the offset of each variable at the unit's top level. */
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
