import type { CarrierFile, EXTRAS, ExtraName, PartEntries } from '@btf-depot/contracts';
import type { Elf } from '@btf-depot/elf';
import type { FoundSplit, Passes, UnitPass } from '@btf-depot/extras';
import type { Parts } from '../split/core-and-variables.ts';
import type { KernelParts } from '../split/split-kernel.ts';
import type { VariablesPart } from '../split/split-part.ts';

/** The input of extras. */
export interface SplitContext {
  parts: Parts;
  /** The kernel's file, if it is ELF. */
  elf: Elf | undefined;
  /** Inlined calls that the kernel's build wrote. */
  ofBuild: Uint8Array | undefined;
  /** Variables of an earlier upload. */
  stored: VariablesPart | undefined;
}

export interface StoredBytes {
  bytes: Uint8Array;
  sha256: string;
}

/** The depot's work with an extra between upload and record. */
export interface ExtraWork<Name extends ExtraName, Part, InDwarf extends FoundSplit = FoundSplit> {
  /** Finds it while DWARF is read, once for all extras; undefined: not needed. */
  pass?: (
    context: Pick<SplitContext, 'ofBuild'>,
  ) => ((input: PassInput) => UnitPass<InDwarf>) | undefined;
  /** @param inDwarf the result of the pass. */
  find(context: SplitContext, inDwarf: InDwarf | undefined): Part | undefined;
  /** Its fields in the record. */
  entry: (part: Part, baseSha256: string) => PartEntries[Name];
  /** Of two from one principal: whether the new one may replace the old one. */
  isNoWorse: (next: PartEntries[Name], old: PartEntries[Name], parts: KernelParts) => boolean;
  /**
   * Carriers of the kernel's build that contain it: while there is one, only a claim is replaced.
   */
  pinnedBy: readonly CarrierFile[];
  /** It and its companions in a split. */
  stored: {
    [Part in keyof (typeof EXTRAS)[Name]['parts']]: (parts: KernelParts) => StoredBytes | undefined;
  };
}

type PassInput = Parameters<Passes[string]>[0];
