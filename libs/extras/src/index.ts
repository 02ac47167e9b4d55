// Extras: the BTF of a kernel that not every system needs, as split BTF on the kernel's core.
//   attachVariables(core, full)   variables of a full BTF on a core that exists already
//   variablesFromDwarf(vmlinux, core)   the same without a full BTF, from DWARF
//   partition(full)               a full BTF taken apart into core and variables
//   ksyms(vars, kernel)           the variables that a running kernel can be given without harm
//   listVariables(btf)            the variables of any BTF, for reports and comparisons
// Specification: Documentation/bpf/btf.rst; what kernels accept: kernel/bpf/btf.c; what `full`
// is: pahole's --btf_features=global_var.
//
// How types are compared: type-graph.ts lays both BTFs out as one graph, equal-types.ts finds the
// nodes that are the same type, attach-variables.ts makes references of them.
//
// How DWARF becomes variables (from-dwarf/): find-variables.ts says which there are, by the rules of
// rules.ts; resolve-types.ts finds their types in core, same-in-depth.ts where a name is not enough.
//
// To add an extra, touch: a file with its function here, the extras in libs/contracts and
// libs/depot. To add an encoder feature that two BTFs of one kernel may differ in, touch:
// encoder-features.ts. To add a kind of type in DWARF: Tag in libs/dwarf, resolve-types.ts and
// same-in-depth.ts. To add memory that a kernel drops, touch: lost-memory.ts.
export { attachVariables, type AttachedVariables } from './attach-variables.ts';
export type { VariableCoverage } from './from-dwarf/coverage.ts';
export {
  VARIABLES_FROM_DWARF_LIMITS,
  variablesFromDwarf,
  type BeyondVariable,
  type VariablesFromDwarf,
  type VariablesFromDwarfOptions,
} from './from-dwarf/variables-from-dwarf.ts';
export { refuseShuffledFull } from './from-dwarf/refuse.ts';
export { ksyms, KSYM_REASONS, type KsymReason, type Ksyms } from './ksyms.ts';
export { arrangeKsyms } from './ksyms-btf.ts';
export { partition, type Partition } from './partition.ts';
export { type VariablesBtf } from './variables-btf.ts';
export { listVariables, PER_CPU_SECTION, type Place, type Variable } from './variables.ts';
