import { Kind, knowsKind, type KernelVersion } from '@btf-depot/btf';

/**
 * What is only written if asked for, named as pahole's --btf_features names it; see its manual. What a
 * function must be for core to have it: `optimized_func`: parts of it alone may have a symbol
 * (`name.isra.0`); `consistent_func`: BPF programs can rely on it (see FunctionsLeftOut).
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

/** The features of a version of pahole that a kernel's own parser knows. */
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
