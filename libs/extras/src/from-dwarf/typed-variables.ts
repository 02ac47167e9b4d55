import type { BtfBuilder } from '@btf-depot/btf';
import { eachChild, Language, Tag, type Unit } from '@btf-depot/dwarf';
import type { Place, Variable } from '../variables/variables.ts';
import type { VariableCoverage } from './coverage.ts';
import { VariableFinder, type FoundVariable } from './find-variables.ts';
import { Names } from './types/names.ts';
import { TakenPlaces } from './overlaps.ts';
import { isShuffled, refuseShuffled } from './refuse.ts';
import { TypeResolver } from './types/resolve-types.ts';
import { isDeclarable } from './rules.ts';
import { sizeOfType } from './types/size-of.ts';
import { symbolPlaces, SymbolsByAddress } from './symbols.ts';
import { TypeTable } from './types/type-table.ts';
import type { PassInput, PassOptions, Passes, Running } from './unit-pass.ts';

export interface TypedVariablesInput extends PassInput {
  /** Split BTF on core, with the types that core lacks. */
  readonly builder: BtfBuilder;
  readonly onUnit: PassOptions['onUnit'];
  /** Further work on each unit. */
  readonly alongside: Pick<Running<Passes>, 'unit'>;
}

/** Variables with their types in core, or among the added ones. */
export interface TypedVariables {
  readonly variables: readonly Variable[];
  /** How many of these have a declaration without size (`extern int x[];`). */
  readonly completed: readonly Variable[];
  /** Variables that C only declares; one that overlaps another has no place. */
  readonly declared: readonly Variable[];
  /** Types that core lacks, some of them several times. */
  readonly added: number;
  readonly coverage: Omit<VariableCoverage, 'inCore'>;
}

/** Reads all units once, and again those whose declarations have a symbol. */
export function typedVariables(input: TypedVariablesInput): TypedVariables {
  const { elf, dwarf, index, most, builder, onUnit, alongside } = input;
  const names = new Names(index, builder);
  const table = new TypeTable(index, builder, names, most.types);
  const resolver = new TypeResolver(dwarf, table);
  const finder = new VariableFinder(elf, dwarf);
  const pointerSize = elf.class / 8;
  const shuffled = isShuffled(elf);
  const variables: Variable[] = [];
  const completed: Variable[] = [];
  const declarations = new Map<string, number[]>();
  const symbolsThere = new SymbolsByAddress(elf);
  let unitsLeftOut = 0;
  let twoValued = 0;

  const sizeAt = (unit: Unit, entry: number): { type: number; size: number } => {
    const type = resolver.resolve(unit, entry);
    return { type, size: type === 0 ? 0 : sizeOfType(table, type, pointerSize) };
  };
  const isShrunk = ({ name, twoValued }: FoundVariable, size: number): boolean =>
    twoValued !== undefined &&
    !(twoValued.isValue && symbolsThere.has(name, twoValued.address, size));
  const take = (unit: Unit, found: FoundVariable): void => {
    const { name, isGlobal, place } = found;
    const { type, size } = sizeAt(unit, found.type);
    if (type === 0) finder.leftOut.void++;
    else if (!fits(place.offset, size)) finder.leftOut.size++;
    else if (isShrunk(found, size)) finder.leftOut.shrunk++;
    else {
      if (found.twoValued) twoValued++;
      const one = variable(variables.length, name, type, isGlobal, { ...place, size });
      variables.push(one);
      if (found.declared !== 0 && sizeAt(unit, found.declared).size === 0) completed.push(one);
    }
  };
  const declare = ({ name, entry }: { name: string; entry: number }): void => {
    const entries = declarations.get(name);
    if (entries) entries.push(entry);
    else declarations.set(name, [entry]);
  };
  dwarf.eachUnit((unit) => {
    if (unit.language === Language.RUST) {
      unitsLeftOut++;
      alongside.unit(unit);
    } else {
      if (shuffled) refuseShuffled(dwarf, unit);
      const found = (variable: FoundVariable): void => take(unit, variable);
      const look = (offset: number): void => finder.look(unit, offset, found, declare);
      const isWalked = alongside.unit(unit, look);
      if (!isWalked) eachChild(unit, unit.header.firstEntry, Tag.VARIABLE, look);
    }
    onUnit?.(unit.index + 1, dwarf.units.length);
  });

  for (const { name } of variables) declarations.delete(name);
  const declared: Variable[] = [];
  const taken = new TakenPlaces(variables.flatMap(({ place }) => place ?? []));
  const wanted = new Set([...declarations.keys()].filter(isDeclarable));
  for (const [name, place] of symbolPlaces(elf, wanted)) {
    for (const entry of declarations.get(name) ?? []) {
      const unit = dwarf.unitOf(entry);
      const { type, size } = sizeAt(unit, finder.typeOf(unit, entry));
      // Incomplete in this unit (an array without size, a structure without members), perhaps not
      // in others.
      if (!fits(place.offset, size)) continue;
      const whole = { ...place, size };
      const own = taken.overlap(whole) ? undefined : whole;
      if (own) taken.add(own);
      declared.push(variable(variables.length + declared.length, name, type, true, own));
      break;
    }
  }
  table.build();
  return {
    variables,
    completed,
    declared,
    added: table.added,
    coverage: {
      units: dwarf.units.length,
      unitsLeftOut,
      seen: finder.seen,
      leftOut: finder.leftOut,
      taken: variables.length,
      completed: completed.length,
      twoValued,
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
  return { id, name, type, linkage: isGlobal ? 1 : 0, place };
}

/** A DATASEC entry has 32 bits each for offset and size. */
function fits(offset: number, size: number): boolean {
  return size > 0 && offset + size <= 0xffffffff;
}
