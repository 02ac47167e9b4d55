import { Kind, knowsKind, type KernelVersion } from '@btf-depot/btf';

/**
 * Features written only on request, named as in pahole's --btf_features; see its manual. Two decide
 * which functions core has. `optimized_func`: a symbol of only a part (`name.isra.0`) is enough.
 * `consistent_func`: BPF programs can rely on the function (see FunctionsLeftOut).
 */
export const FEATURES = [
  'float',
  'enum64',
  'decl_tag',
  'type_tag',
  'decl_tag_kfuncs',
  'optimized_func',
  'consistent_func',
] as const;

export type Feature = (typeof FEATURES)[number];

const KINDS = ['float', 'enum64', 'decl_tag', 'type_tag'] as const satisfies Feature[];

/** By pahole's version: 1.30 with its default features, and 1.24, which has four of them. */
const RULES = {
  '1.30': FEATURES,
  '1.24': KINDS,
} as const satisfies Record<string, readonly Feature[]>;

export type RulesName = keyof typeof RULES;

export const RULES_NAMES = Object.keys(RULES) as RulesName[];

/** The kind of type that a feature writes. */
const WRITES: Partial<Record<Feature, number>> = {
  float: Kind.FLOAT,
  decl_tag: Kind.DECL_TAG,
  decl_tag_kfuncs: Kind.DECL_TAG,
  type_tag: Kind.TYPE_TAG,
  enum64: Kind.ENUM64,
};

/** The features of a version of pahole that the kernel's own parser knows. */
export function featuresFor(
  rules: RulesName,
  kernel: KernelVersion | undefined,
): ReadonlySet<Feature> {
  const known = (feature: Feature): boolean => {
    const kind = WRITES[feature];
    return kind === undefined || kernel === undefined || knowsKind(kernel, kind);
  };
  return new Set(RULES[rules].filter(known));
}
