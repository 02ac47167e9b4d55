import type { Btf, BtfBuilder } from '@btf-depot/btf';
import { Language, type Dwarf, type Unit } from '@btf-depot/dwarf';
import type { Elf } from '@btf-depot/elf';
import type { Place, Variable } from '../variables.ts';
import { AddressMap } from './address-map.ts';
import type { VariableCoverage } from './coverage.ts';
import { symbolPlaces } from './declared-variables.ts';
import { VariableFinder, type FoundVariable } from './find-variables.ts';
import { Names } from './names.ts';
import { TakenPlaces } from './overlaps.ts';
import { isShuffled, refuseShuffled } from './refuse.ts';
import { TypeResolver } from './resolve-types.ts';
import { isExcluded, isIdentifier } from './rules.ts';
import { sizeOfType } from './size-of.ts';
import { TypeTable } from './type-table.ts';

export interface GatherInput {
  readonly elf: Elf;
  readonly dwarf: Dwarf;
  readonly core: Btf;
  /** Split BTF on core, which takes the types that core lacks. */
  readonly builder: BtfBuilder;
  /** Most types that core may lack. */
  readonly types: number;
  readonly onUnit?: ((done: number, total: number) => void) | undefined;
}

/** Variables with the types that they have in core, or in what was added to it. */
export interface Gathered {
  readonly variables: readonly Variable[];
  /** Of those only declared in C; what lies over another variable has no place. */
  readonly declared: readonly Variable[];
  /** Types that core lacks, some of them several times. */
  readonly added: number;
  readonly coverage: Omit<VariableCoverage, 'inCore'>;
}

/** Goes through all units once, and again through those whose declarations have a symbol. */
export function gather(input: GatherInput): Gathered {
  const { elf, dwarf, core, builder, onUnit } = input;
  const names = new Names(core, builder, dwarf.tables.strings);
  const table = new TypeTable(core, builder, names, input.types);
  const resolver = new TypeResolver(dwarf, table);
  const finder = new VariableFinder(dwarf, new AddressMap(elf));
  const pointerSize = elf.class / 8;
  const shuffled = isShuffled(elf);
  const variables: Variable[] = [];
  const declarations = new Map<string, number[]>();
  let unitsLeftOut = 0;

  const take = (unit: Unit, { name, type: entry, isGlobal, place }: FoundVariable): void => {
    const type = resolver.resolve(unit, entry);
    const size = sizeOfType(table, type, pointerSize);
    const rule = type === 0 ? 'void' : fits(place.offset, size) ? undefined : 'size';
    if (rule !== undefined) finder.leftOut[rule]++;
    else variables.push(variable(variables.length, name, type, isGlobal, { ...place, size }));
  };
  const declare = ({ name, entry }: { name: string; entry: number }): void => {
    const entries = declarations.get(name);
    if (entries) entries.push(entry);
    else declarations.set(name, [entry]);
  };
  dwarf.eachUnit((unit) => {
    if (unit.language === Language.RUST) unitsLeftOut++;
    else {
      if (shuffled) refuseShuffled(dwarf, unit);
      finder.each(unit, (found) => take(unit, found), declare);
    }
    onUnit?.(unit.index + 1, dwarf.units.length);
  });

  for (const { name } of variables) declarations.delete(name);
  const declared: Variable[] = [];
  const taken = new TakenPlaces(variables.flatMap(({ place }) => place ?? []));
  const wanted = new Set([...declarations.keys()].filter((name) => isIdentifier(name)));
  for (const [name, place] of symbolPlaces(elf, wanted)) {
    if (isExcluded(name)) continue;
    for (const entry of declarations.get(name) ?? []) {
      const unit = dwarf.unitOf(entry);
      const type = resolver.resolve(unit, finder.typeOf(unit, entry));
      const size = type === 0 ? 0 : sizeOfType(table, type, pointerSize);
      // Incomplete here (an array without size, a structure without members), perhaps not there.
      if (!fits(place.offset, size)) continue;
      const whole = { ...place, size };
      const own = taken.overlap(whole) ? undefined : whole;
      declared.push(variable(variables.length + declared.length, name, type, true, own));
      break;
    }
  }
  table.build();
  return {
    variables,
    declared,
    added: table.added,
    coverage: {
      units: dwarf.units.length,
      unitsLeftOut,
      seen: finder.seen,
      leftOut: finder.leftOut,
      taken: variables.length,
      declared: declared.length,
    },
  };
}

function variable(
  id: number,
  name: string,
  type: number,
  isGlobal: boolean,
  place: Place | undefined,
): Variable {
  return { id, name, type, linkage: isGlobal ? 1 : 0, ...(place && { place }) };
}

/** A DATASEC entry says place and size in 32 bits each. */
function fits(offset: number, size: number): boolean {
  return size > 0 && offset + size <= 0xffffffff;
}
