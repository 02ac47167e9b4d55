import type { PartEntries } from '@btf-depot/contracts';
import type { VariableCoverage } from '@btf-depot/extras';

/** BTF that a kernel's is split into. */
export interface SplitPart {
  bytes: Uint8Array;
  sha256: string;
  /** Types that the part adds, without void. */
  types: number;
}

export interface CorePart extends SplitPart {
  origin: 'verbatim' | 'partition';
}

export interface VariablesPart extends SplitPart {
  variables: number;
  origin: 'full' | 'dwarf' | 'partition';
  /** What became of the variables that DWARF has. */
  coverage?: VariableCoverage | (PartEntries['vars']['coverage'] & object) | undefined;
}
