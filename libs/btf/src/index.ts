// BTF, the type format of Linux and BPF: Documentation/bpf/btf.rst, include/uapi/linux/btf.h.
//
// Wire: a `Btf` is bytes plus the place of each type; ids and string offsets, no objects.
//   parseBtf(bytes, { base? })            index and check; `base` makes it split BTF (any depth)
//   btf.kind(id) .vlen(id) .name(id) .sizeOrType(id) .tail(id, word) .find(name, kind?) .findAll
//   btf.words[btf.positions[id - btf.firstId]]   the same without calls, for hot loops
//   eachReference, reachable(btf, roots), referrers(btf)   walking forwards and backwards
//   btf.resolve(id), sizeOf, memberAt     through typedefs and qualifiers; sizes; bit fields
//   findBtf(file)                         the BTFs of a raw or ELF file
//   new BtfBuilder({ base? })             append types: .add .copy(source, id, mapId) .finish()
//   addInt, addComposite, addVariable, addSection, …   one function a kind on a builder
//
// Model: objects that refer to each other, never ids: decodeBtf, encodeBtf, BtfType.
//
// Text: printDeclaration, printVariable (with what it needs), printHeader (a vmlinux.h); dumpRaw
// and dumpJson as bpftool has them.
//
// Operations: verifyBtf (a kernel's rules), mergeBtf, dedupBtf, compareTypes, lowerBtf (for an
// older kernel), tailorBtf (for CO-RE objects), distillBtf and relocateBtf (`.BTF.base`).
//
// To add a kind, touch what kinds.ts names at its head.
export {
  FRAME_BASE_REGISTER,
  infoKind,
  infoVlen,
  Kind,
  kindName,
  LAST_KIND,
  LocFlag,
  packInfo,
  type KindName,
} from './kinds.ts';
export { BTF_LIMITS, KERNEL_LIMITS, type BtfLimits } from './limits.ts';
export { Btf, isModifier } from './wire/btf.ts';
export { BtfBuilder, type BuilderOptions, type TypeHead } from './wire/builder.ts';
export * from './wire/declare.ts';
export { btfEndian, readBtfHeader, type BtfHeader } from './wire/header.ts';
export { builtinLayouts, type KindLayout } from './wire/layout.ts';
export { indexPartly, parseBtf, type ParseOptions } from './wire/parse.ts';
export { eachIdSlot, eachNameSlot, eachReference, reachable } from './wire/references.ts';
export { referrers, type Referrers } from './wire/referrers.ts';
export { hasSize, memberAt, pointerSize, sizeOf, type Member } from './wire/size.ts';
export {
  PRINT_DECLARATION_DEFAULTS,
  printDeclaration,
  type PrintDeclarationOptions,
} from './c/print-declaration.ts';
export {
  knowsKind,
  LATEST_KERNEL,
  parseKernelVersion,
  type KernelVersion,
} from './kernel-version.ts';
export { formatFault, type BtfFault } from './verify/faults.ts';
export { checkMade } from './verify/check-made.ts';
export { VERIFY_DEFAULTS, verifyBtf, type VerifyOptions } from './verify/verify.ts';
export { dumpJson, typeJson } from './text/dump-json.ts';
export { dumpRaw } from './text/dump-raw.ts';
export { decodeBtf, decodeOn } from './model/decode.ts';
export { encodeBtf } from './model/encode.ts';
export { eachChild } from './model/children.ts';
export type { BtfModel } from './model/model.ts';
export * from './model/types.ts';
export { mergeBtf } from './operations/merge.ts';
export { PRINT_HEADER_DEFAULTS, printHeader, type PrintHeaderOptions } from './c/print-header.ts';
export {
  PRINT_VARIABLE_DEFAULTS,
  printVariable,
  type PrintVariableOptions,
} from './c/print-variable.ts';
export { compareTypes, type TypeDifference } from './operations/compare.ts';
export { DEDUP_DEFAULTS, dedupBtf, type DedupOptions } from './operations/dedup/dedup.ts';
export { lowerBtf } from './operations/lower.ts';
export { distillBtf, type Distilled } from './operations/distilled/distill.ts';
export { formatUnrelocated, relocateBtf, unrelocated } from './operations/distilled/relocate.ts';
export type { Unrelocated, UnrelocatedReason } from './operations/distilled/map-distilled.ts';
export { readCoreRelocations, RelocationKind, type CoreRelocation } from './core/relocations.ts';
export { btfSections, findBtf, type BtfSection } from './elf-sections.ts';
export { tailorBtf, type CoreObject } from './operations/tailor.ts';
