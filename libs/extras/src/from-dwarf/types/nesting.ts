import { unitFault, type Unit } from '@btf-depot/dwarf';

/** Entries between a type and what is known by its name: pointers, arrays, unnamed structures. */
export const DEEPEST = 500;

/** Stands for a type that is being resolved. */
export const OPEN = -2;

/** Why an entry of a unit cannot be resolved, by what was known of it: OPEN, or nothing yet. */
export function nestingFault(unit: Unit, at: number, known: number): Error {
  const what = known === OPEN ? 'a type is made of itself' : 'types are nested too deeply';
  return unitFault(unit, at, what, 'dwarf-nesting');
}
