/** Which functions core has: what versions of pahole differ in. */
export interface FunctionRules {
  /** A function also counts where only parts of it have a symbol: `name.isra.0` (optimized_func). */
  readonly partsOfNames: boolean;
  /** Leaves out what BPF programs cannot rely on: see FunctionsLeftOut (consistent_func). */
  readonly consistent: boolean;
  /** Tags kfuncs (decl_tag_kfuncs). */
  readonly kfuncs: boolean;
}

/** By pahole's version: 1.30 with its default features, and 1.24, which has none of them. */
export const RULES = {
  '1.30': { partsOfNames: true, consistent: true, kfuncs: true },
  '1.24': { partsOfNames: false, consistent: false, kfuncs: false },
} as const satisfies Record<string, FunctionRules>;

export type RulesName = keyof typeof RULES;

export const RULES_NAMES = Object.keys(RULES) as RulesName[];
