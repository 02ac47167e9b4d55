import type { Source } from '@btf-depot/bytes';
import type { CarrierFile, EXTRAS, PartEntries, ExtraName } from '@btf-depot/contracts';
import type { Elf } from '@btf-depot/elf';
import type { OnUnit, Parts } from '../split/core-and-variables.ts';
import type { InlinesPart } from '../split/inlines-part.ts';
import type { KernelParts } from '../split/split-kernel.ts';
import type { VariablesPart } from '../split/split-part.ts';

/** What splitting finds of each extra. */
export interface FoundExtras {
  vars?: VariablesPart | undefined;
  inlines?: InlinesPart | undefined;
}

/** What extras are found in. */
export interface SplitContext {
  /** Core, and what the one pass over DWARF gave besides. */
  parts: Parts;
  /** The kernel's file, if it is ELF. */
  elf: Elf | undefined;
  /** The kernel's file, if it has DWARF. */
  dwarf: Source | undefined;
  /** Inlined calls that the kernel's build wrote. */
  ofBuild: Uint8Array | undefined;
  /** Variables that an earlier upload brought. */
  stored: VariablesPart | undefined;
  onUnit: OnUnit | undefined;
}

export interface StoredBytes {
  bytes: Uint8Array;
  sha256: string;
}

/** What the depot does with an extra on its way from the upload to the record. */
export interface ExtraWork<Name extends ExtraName> {
  find: (context: SplitContext) => FoundExtras[Name];
  /** What the record says of it. */
  entry: (part: FoundExtras[Name] & object, baseSha256: string) => PartEntries[Name];
  /** Of two that one principal brought: whether the new one may take the place of the old one. */
  isNoWorse: (next: PartEntries[Name], old: PartEntries[Name], parts: KernelParts) => boolean;
  /** Carriers of the kernel's build that hold it: while there is one, only a claim is replaced. */
  pinnedBy: readonly CarrierFile[];
  /** It and its companions in a split. */
  stored: {
    [Part in keyof (typeof EXTRAS)[Name]['parts']]: (parts: KernelParts) => StoredBytes | undefined;
  };
}
