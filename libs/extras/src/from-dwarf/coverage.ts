/** Why a variable is left out. The first matching rule counts. */
export const LEFT_OUT_RULES = [
  /** Only declared (DW_AT_declaration). */
  'declaration',
  /** Made by the compiler (DW_AT_artificial). */
  'artificial',
  /** Its location is no address: optimised away, in a register, in pieces. */
  'storage',
  /** Its address is in no section of the running image, or 0 without a symbol there. */
  'section',
  /** It has no name, or one that BTF does not allow. */
  'name',
  /** Its name starts with one of EXCLUDED_PREFIXES: the build made it for itself. */
  'prefix',
  'void',
  /**
   * Two-valued: clang replaced it by a byte that stands for its value, and no symbol there has the
   * size of its type.
   */
  'shrunk',
  /** Its type has no size, or one beyond 32 bits. */
  'size',
] as const;

export type LeftOutRule = (typeof LEFT_OUT_RULES)[number];

/** Counts of DWARF's variables, taken and left out. */
export interface VariableCoverage {
  readonly units: number;
  /** Units in excluded languages: Rust. */
  readonly unitsLeftOut: number;
  /** Entries of variables at the top level of the units that were read. */
  readonly seen: number;
  readonly leftOut: Readonly<Record<LeftOutRule, number>>;
  /** Entries taken; several definitions of one variable all count. */
  readonly taken: number;
  /** How many of the taken ones core has already. */
  readonly inCore: number;
  /** How many of the taken ones have a declaration without size (`extern int x[];`). */
  readonly completed: number;
  /**
   * How many of the taken ones are clang's two-valued ones that exist in full size; older records
   * lack it.
   */
  readonly twoValued: number;
  /** Variables that C only declares, taken from the symbol table. */
  readonly declared: number;
}
