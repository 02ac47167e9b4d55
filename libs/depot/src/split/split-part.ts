import type { PartEntries } from '@btf-depot/contracts';
import type { EncodeCoverage, VariableCoverage } from '@btf-depot/extras';

/** BTF that a kernel's is split into. */
export interface SplitPart {
  bytes: Uint8Array;
  sha256: string;
  /** Types that the part adds, without void. */
  types: number;
}

export interface CorePart extends SplitPart {
  origin: 'verbatim' | 'partition';
  /** The kernel's build wrote none: it was made of its debug information. */
  encoded?: { rules: string; coverage?: EncodeCoverage | undefined } | undefined;
}

export interface VariablesPart extends SplitPart {
  variables: number;
  origin: 'full' | 'dwarf' | 'partition';
  /** What became of the variables that DWARF has. */
  coverage?: VariableCoverage | (PartEntries['vars']['coverage'] & object) | undefined;
}
