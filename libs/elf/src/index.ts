// ELF of either class and byte order: `readElf(source)` reads headers, and contents, notes, build
// ID and symbols on demand; `writeRelocatable` writes the ET_REL files that carry BTF; `reduceElf`
// keeps only the ranges that a reader needs. Specification: System V gABI. To add an architecture:
// machine.ts.
export { ElfType, SectionFlag, SectionIndex, SectionType, SymbolType } from './constants.ts';
export { type ElfHeader } from './header.ts';
export { ELF_LIMITS, type ElfLimits } from './limits.ts';
export { Machine, machineName, type ElfClass } from './machine.ts';
export { buildIdOf, readNotes, type ElfNote } from './notes.ts';
export { Elf, readElf, type ReadElfOptions } from './read-elf.ts';
export { reduceElf, type FileRange } from './reduce-elf.ts';
export { type ElfSection } from './sections.ts';
export { SymbolTable, type ElfSymbol, type SymbolTableParts } from './symbols.ts';
export { writeRelocatable, type RelocatableInput, type SectionInput } from './write-relocatable.ts';
