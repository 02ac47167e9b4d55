import { lowerBtf, mergeBtf, parseBtf, type KernelVersion } from '@btf-depot/btf';
import type { Source } from '@btf-depot/bytes';
import { variablesFromDwarf, type VariablesFromDwarf } from '../from-dwarf/variables-from-dwarf.ts';
import { partition, type Partition } from '../partition.ts';
import { encodeTypes, type EncodeCoverage, type EncodeOptions } from './encode-types.ts';

export interface EncodeKernelOptions extends EncodeOptions {
  /** Kinds of types that this kernel does not know are described by others. */
  readonly kernel?: KernelVersion | undefined;
}

/** A kernel's BTF in two, made of nothing but its debug information. */
export interface EncodedKernel {
  readonly parts: Partition;
  readonly coverage: EncodeCoverage;
  readonly variables: VariablesFromDwarf['coverage'];
}

/**
 * Encodes the BTF of a kernel from the DWARF of its vmlinux: core as its build's pahole would have
 * written it, with per-CPU variables, and all other variables on it. Errors as `encodeTypes` and
 * `variablesFromDwarf` have them.
 */
export function encodeFromDwarf(vmlinux: Source, options: EncodeKernelOptions = {}): EncodedKernel {
  const { kernel, onUnit, limits } = options;
  const half = (second: number) =>
    onUnit &&
    ((done: number, total: number) => {
      onUnit(done + second * total, total * 2);
    });
  const { bytes, coverage } = encodeTypes(vmlinux, { ...options, onUnit: half(0) });
  const types = parseBtf(kernel ? lowerBtf(parseBtf(bytes), kernel) : bytes);
  const found = variablesFromDwarf(vmlinux, types, { onUnit: half(1), limits });
  const whole = parseBtf(mergeBtf(parseBtf(found.bytes, { base: types })));
  return { parts: partition(whole), coverage, variables: found.coverage };
}
