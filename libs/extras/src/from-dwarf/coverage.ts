/** Why a variable is not taken; each counts for those that no earlier rule left out. */
export const LEFT_OUT_RULES = [
  /** Only declared (DW_AT_declaration). */
  'declaration',
  /** Made by the compiler (DW_AT_artificial). */
  'artificial',
  /** Its location is no address: optimised away, in a register, in parts. */
  'storage',
  /** Its address is in no section of the running image, or 0 without a symbol there. */
  'section',
  /** It has no name, or none that BTF can have. */
  'name',
  /** Its name starts with one of EXCLUDED_PREFIXES: what the build makes for itself. */
  'prefix',
  'void',
  /**
   * Two-valued: clang made a byte of it that stands for its value, and no symbol there has the
   * size of its type.
   */
  'shrunk',
  /** Its type has no size, or one that 32 bits do not hold. */
  'size',
] as const;

export type LeftOutRule = (typeof LEFT_OUT_RULES)[number];

/** What became of the variables that DWARF has. */
export interface VariableCoverage {
  readonly units: number;
  /** Units in languages that are left out: Rust. */
  readonly unitsLeftOut: number;
  /** Entries of variables at the top level of the units that were read. */
  readonly seen: number;
  readonly leftOut: Readonly<Record<LeftOutRule, number>>;
  /** Entries taken; several definitions of one variable count each. */
  readonly taken: number;
  /** Of those taken, the ones that core has already. */
  readonly inCore: number;
  /** Of those taken, the ones whose declaration leaves the size open (`extern int x[];`). */
  readonly completed: number;
  /** Of those taken, two-valued ones of clang that are there in full size; older records lack it. */
  readonly twoValued: number;
  /** Variables that are only declared in C and taken from the symbol table. */
  readonly declared: number;
}
