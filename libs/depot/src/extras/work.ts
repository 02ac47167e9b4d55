import type { CarrierFile, EXTRAS, ExtraName, PartEntries } from '@btf-depot/contracts';
import type { Elf } from '@btf-depot/elf';
import type { FoundSplit, Passes, UnitPass } from '@btf-depot/extras';
import type { Parts } from '../split/core-and-variables.ts';
import type { KernelParts } from '../split/split-kernel.ts';
import type { VariablesPart } from '../split/split-part.ts';

/** What extras are found in. */
export interface SplitContext {
  parts: Parts;
  /** The kernel's file, if it is ELF. */
  elf: Elf | undefined;
  /** Inlined calls that the kernel's build wrote. */
  ofBuild: Uint8Array | undefined;
  /** Variables that an earlier upload brought. */
  stored: VariablesPart | undefined;
}

export interface StoredBytes {
  bytes: Uint8Array;
  sha256: string;
}

/** What the depot does with an extra on its way from the upload to the record. */
export interface ExtraWork<Name extends ExtraName, Part, InDwarf extends FoundSplit = FoundSplit> {
  /** What looks for it while DWARF is read, once for all extras; undefined: nothing has to. */
  pass?: (
    context: Pick<SplitContext, 'ofBuild'>,
  ) => ((input: PassInput) => UnitPass<InDwarf>) | undefined;
  /** @param inDwarf what the pass found. */
  find(context: SplitContext, inDwarf: InDwarf | undefined): Part | undefined;
  /** What the record says of it. */
  entry: (part: Part, baseSha256: string) => PartEntries[Name];
  /** Of two that one principal brought: whether the new one may take the place of the old one. */
  isNoWorse: (next: PartEntries[Name], old: PartEntries[Name], parts: KernelParts) => boolean;
  /** Carriers of the kernel's build that hold it: while there is one, only a claim is replaced. */
  pinnedBy: readonly CarrierFile[];
  /** It and its companions in a split. */
  stored: {
    [Part in keyof (typeof EXTRAS)[Name]['parts']]: (parts: KernelParts) => StoredBytes | undefined;
  };
}

type PassInput = Parameters<Passes[string]>[0];
