import type { PartEntries } from '@btf-depot/contracts';
import type { EncodeCoverage, VariableCoverage } from '@btf-depot/extras';
import { sha256Of } from '../sha256.ts';

/** A part of a kernel's split BTF. */
export interface SplitPart {
  bytes: Uint8Array;
  sha256: string;
  /** Types that the part adds, without void. */
  types: number;
}

export interface CorePart extends SplitPart {
  origin: 'verbatim' | 'partition';
  /** The kernel's build wrote none: it was made from debug information. */
  encoded?: { rules: string; coverage?: EncodeCoverage | undefined } | undefined;
}

export interface VariablesPart extends SplitPart {
  variables: number;
  origin: 'full' | 'dwarf' | 'partition';
  /** What became of the variables in DWARF. */
  coverage?: VariableCoverage | (PartEntries['vars']['coverage'] & object) | undefined;
}

export function splitPart(bytes: Uint8Array, types: number): SplitPart {
  return { bytes, sha256: sha256Of(bytes), types };
}
