import { lowerBtf, mergeBtf, parseBtf, type Btf } from '@btf-depot/btf';
import type { Source } from '@btf-depot/bytes';
import type { FoundBy, FoundSplit, Passes } from '../from-dwarf/unit-pass.ts';
import { variablesFromDwarf, type VariablesFromDwarf } from '../from-dwarf/variables-from-dwarf.ts';
import { partition, type Partition } from '../variables/partition.ts';
import { encodeTypes, type EncodeCoverage, type EncodeOptions } from './encode-types.ts';
import { restand } from './restand.ts';

export interface EncodeKernelOptions<Beside extends Passes = Passes> extends EncodeOptions {
  /** Results of further passes, on this core. */
  readonly beside?: Beside | undefined;
}

/** A kernel's BTF in two parts, made only from its debug information. */
export interface EncodedKernel<Beside extends Passes = Passes> {
  readonly parts: Partition;
  readonly coverage: EncodeCoverage;
  readonly variables: VariablesFromDwarf['coverage'];
  readonly beside: FoundBy<Beside>;
}

/**
 * Encodes the BTF of a kernel from the DWARF of its vmlinux: core as the build's pahole would have
 * written it, with per-CPU variables, and all other variables on top. The units are read twice: for
 * all types, then for what refers to them. Throws as `encodeTypes` and `variablesFromDwarf` do.
 */
// No passes are an object without members.
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type
export function encodeFromDwarf<Beside extends Passes = Record<never, never>>(
  vmlinux: Source,
  options: EncodeKernelOptions<Beside> = {},
): EncodedKernel<Beside> {
  const { kernel, onUnit, limits, beside } = options;
  const half = (second: number) =>
    onUnit &&
    ((done: number, total: number) => {
      onUnit(done + second * total, total * 2);
    });
  const { bytes, coverage } = encodeTypes(vmlinux, { ...options, onUnit: half(0) });
  const types = parseBtf(kernel ? lowerBtf(parseBtf(bytes), kernel) : bytes);
  const found = variablesFromDwarf(vmlinux, types, { onUnit: half(1), limits, beside });
  const whole = parseBtf(mergeBtf(parseBtf(found.bytes, { base: types })));
  const parts = partition(whole);
  const newIds =
    parts.origin === 'partition'
      ? parts.newIds
      : Uint32Array.from({ length: whole.endId }, (_, id) => id);
  return {
    parts,
    coverage,
    variables: found.coverage,
    beside: allRestood(found.beside, types, parts.core, newIds) as FoundBy<Beside>,
  };
}

function allRestood(
  found: Readonly<Record<string, FoundSplit>>,
  types: Btf,
  core: Btf,
  newIds: Uint32Array,
): Record<string, FoundSplit> {
  return Object.fromEntries(
    Object.entries(found).map(([name, one]) => {
      const split = parseBtf(one.bytes, { base: types });
      return [name, { ...one, bytes: restand(split, core, newIds) }];
    }),
  );
}
