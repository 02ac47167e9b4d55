// Extras: the BTF of a kernel that not every system needs, as split BTF on the kernel's core.
//   attachVariables(core, full)   variables of a full BTF on a core that exists already
//   variablesFromDwarf(vmlinux, core)   the same without a full BTF, from DWARF
//   encodeFromDwarf(vmlinux)      core and variables of a kernel without BTF, from DWARF
//   inlinesPass   the inlined calls, while DWARF is read for variables, or by
//   passOverDwarf(vmlinux, core, passes)   without them
//   new SiteTable(inlines), new CallerMap(text)   to ask for sites, and for where they are
//   partition(full)               a full BTF taken apart into core and variables
//   ksyms(vars, image)            the variables that a running kernel can be given without harm
//   ownSymbols(vmlinux), ownSymbolsOfImage(image)   the symbols that a kernel itself has
//   elfKallsyms(vmlinux), imageKallsyms(image)   those that it finds by name while it runs
//   checkMap(map, symbols)        whether a System.map is that of the kernel
//   listVariables(btf)            the variables of any BTF, for reports and comparisons
// Specification: Documentation/bpf/btf.rst; what kernels accept: kernel/bpf/btf.c; what `full`
// is: pahole's --btf_features=global_var.
//
// How types are compared (same-types/): type-graph.ts lays both BTFs out as one graph, equal-types.ts
// finds the nodes that are the same type, variables/attach-variables.ts makes references of them.
//
// How variables become ksyms (ksyms/): ksyms.ts leaves out what a running kernel must not be given,
// by the symbols that own-symbols.ts, system-map.ts and kallsyms/ find.
//
// How DWARF becomes variables (from-dwarf/): find-variables.ts says which there are, by the rules of
// rules.ts; types/resolve-types.ts finds their types in core, same-in-depth.ts if a name is not enough.
//
// How DWARF becomes core (core-from-dwarf/): unit-types.ts reads a unit's entries into columns,
// shape-finder.ts finds what each says in shapes.ts, where all units share it, variants.ts which
// types are made of shapes, function-finder.ts and functions.ts which functions by rules.ts.
//
// How inlined calls are found (inlines/): site-finder.ts goes through them, functions.ts says of
// which function, collect.ts and location-words.ts where its parameters are, coverage.ts by which
// rules; inlines-btf.ts writes them, site-table.ts reads them back.
//
// Which symbols a kernel has (kallsyms/): token-table.ts finds the pieces of its names, name-table.ts
// the names before them, address-table.ts their addresses, relocated-base.ts what these count from.
//
// To add an extra, touch: a file with its UnitPass here (unit-pass.ts: one reading of DWARF serves
// all), the extras in libs/contracts and libs/depot. To add an encoder feature that two BTFs of one
// kernel may differ in, touch: encoder-features.ts. To add a kind of type in DWARF: Tag in libs/dwarf, resolve-types.ts and
// same-in-depth.ts. To add memory that a kernel drops, touch: lost-memory.ts.
export { hasDwarf } from '@btf-depot/dwarf';
export { compareEncoders, type EncoderDifferences } from './core-from-dwarf/compare-encoders.ts';
export {
  encodeFromDwarf,
  type EncodedKernel,
  type EncodeKernelOptions,
} from './core-from-dwarf/encode-from-dwarf.ts';
export { encodeTypes, type EncodeCoverage } from './core-from-dwarf/encode-types.ts';
export { FEATURES, RULES_NAMES, type Feature, type RulesName } from './core-from-dwarf/rules.ts';
export { attachVariables, type AttachedVariables } from './variables/attach-variables.ts';
export { uniteVariables } from './variables/unite-variables.ts';
export type { VariableCoverage } from './from-dwarf/coverage.ts';
export {
  variablesFromDwarf,
  type BeyondVariable,
  type VariablesFromDwarf,
  type VariablesFromDwarfOptions,
} from './from-dwarf/variables-from-dwarf.ts';
export { FROM_DWARF_LIMITS } from './from-dwarf/limits.ts';
export {
  passOverDwarf,
  type FoundSplit,
  type Passes,
  type UnitPass,
} from './from-dwarf/unit-pass.ts';
export { refuseShuffledFull } from './from-dwarf/refuse.ts';
export { CallerMap, writeCallerMap, type SitePlace } from './inlines/caller-map.ts';
export type { InlineCoverage } from './inlines/coverage.ts';
export { fetchArgument } from './inlines/fetch-argument.ts';
export { inChunks } from './inlines/in-chunks.ts';
export {
  inlinesFromDwarf,
  inlinesPass,
  type InlinesFromDwarf,
} from './inlines/inlines-from-dwarf.ts';
export { locationText, type Location } from './inlines/location.ts';
export { registerName } from './inlines/registers.ts';
export { SiteTable, type Site, type SiteParameter } from './inlines/site-table.ts';
export { elfKallsyms, imageKallsyms, kallsymsRange } from './kallsyms/kernel-kallsyms.ts';
export { hasVariables, type Kallsyms } from './kallsyms/read-kallsyms.ts';
export { elfImage, type KernelImage, type KernelSymbol } from './ksyms/kernel-symbols.ts';
export { checkMap } from './ksyms/check-map.ts';
export { lostMemory } from './ksyms/lost-memory.ts';
export { ownSymbols, ownSymbolsOfImage, type OwnSymbols } from './ksyms/own-symbols.ts';
export { decodeLayout, encodeLayout, type OpenedLayout } from './ksyms/image-layout.ts';
export { ksyms, type KsymReason, type Ksyms } from './ksyms/ksyms.ts';
export { arrangeKsyms } from './ksyms/ksyms-btf.ts';
export { hasGlobalVariables, partition, type Partition } from './variables/partition.ts';
export { type VariablesBtf } from './variables/variables-btf.ts';
export { readSystemMap, writeSystemMap, type SystemMapLimits } from './ksyms/system-map.ts';
export {
  listVariables,
  PER_CPU_SECTION,
  type Place,
  type Variable,
} from './variables/variables.ts';
