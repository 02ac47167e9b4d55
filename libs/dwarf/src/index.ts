// DWARF, versions 2 to 5, as far as it describes variables, types and inlined calls: units,
// abbreviations, entries, ranges, locations, call frames. Of either byte order and offset size.
//   readDwarf(elf, source)             unit headers and strings
//   dwarf.eachUnit((unit) => …)        all units, a few megabytes of them in memory at once
//   eachChild(unit, offset, tag, visit)   children of an entry; what is below is passed over
//   new Entry(dwarf.tables).read(unit, offset)   one entry's attributes; an object to use again
//   dwarf.unitOf(number)               the unit that a reference leads to
//   eachCodeEntry(unit, nesting, visit)   subprograms, inlined calls, parameters, at any depth;
//                                         variables at the top level
//   new Ranges(dwarf).read(…), new LocationLists(dwarf).find(…)   lists of either version
//   new Expressions(tables).read(…)    where a value is, as a register, an address, a constant
//   new Frames(dwarf).cfaAt(address)   the canonical frame address (.debug_frame)
// Code addresses are numbers near the first code section: see address-space.ts.
// Specification: DWARF 5 (dwarfstd.org), 7.5 for the data representation; DWARF 4 for
// .debug_types. What is not read, and said so: .dwo files, dwz's alternate file, line numbers.
//
// To add a form, touch: constants.ts, forms.ts (its size), entry.ts (its value). To read another
// attribute or tag: constants.ts. To read another operation: constants.ts, expression.ts.
export { type AddressSpace } from './address-space.ts';
export { At, Encoding, Form, Language, Tag, UnitType } from './constants.ts';
export { eachCodeEntry } from './entries/descend.ts';
export { hasDwarf } from './sections.ts';
export { Dwarf, readDwarf, type ReadDwarfOptions } from './dwarf.ts';
export { Entry } from './entries/entry.ts';
export { Expressions, type ExpressionContext } from './locations/expression.ts';
export { type FrameRule } from './locations/frame-program.ts';
export { Frames } from './locations/frames.ts';
export { DWARF_LIMITS, type DwarfLimits } from './limits.ts';
export { LocationLists } from './locations/location-list.ts';
export { staticAddress, twoValuedAddress, type TwoValued } from './locations/location.ts';
export { Ranges } from './locations/ranges.ts';
export { type Tables } from './tables.ts';
export { eachTypeEntry } from './entries/type-entries.ts';
export { NOT_SAID, TypeEntry } from './entries/type-entry.ts';
export { type UnitHeader } from './unit-headers.ts';
export { unitFault, type Unit } from './unit.ts';
export {
  constant,
  FRAME_BASE,
  inRegister,
  UNSAID,
  type Unsaid,
  type Value,
} from './locations/value.ts';
export { ANY_TAG, eachChild } from './entries/walk.ts';
