// DWARF, versions 2 to 5, as far as it describes variables and types: units, abbreviations,
// entries, locations of static storage. Of either byte order and offset size.
//   readDwarf(elf, source)             unit headers and strings
//   dwarf.eachUnit((unit) => …)        all units, a few megabytes of them in memory at once
//   eachChild(unit, offset, tag, visit)   children of an entry; what is below is passed over
//   new Entry(dwarf.tables).read(unit, offset)   one entry's attributes; an object to use again
//   dwarf.unitOf(number)               the unit that a reference leads to
// Specification: DWARF 5 (dwarfstd.org), 7.5 for the data representation; DWARF 4 for
// .debug_types. What is not read, and said so: .dwo files, dwz's alternate file, line numbers.
//
// To add a form, touch: constants.ts, forms.ts (its size), entry.ts (its value). To read another
// attribute or tag: constants.ts.
export { At, Encoding, Form, Language, Tag, UnitType } from './constants.ts';
export { Dwarf, readDwarf, type ReadDwarfOptions } from './dwarf.ts';
export { Entry, type Tables } from './entry.ts';
export { DWARF_LIMITS, type DwarfLimits } from './limits.ts';
export { staticAddress } from './location.ts';
export { type UnitHeader } from './unit-headers.ts';
export { unitFault, type Unit } from './unit.ts';
export { ANY_TAG, eachChild } from './walk.ts';
