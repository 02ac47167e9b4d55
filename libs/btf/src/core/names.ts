import type { Btf } from '../wire/btf.ts';

/** A name without its flavour: `task_struct` of `task_struct___v5` (libbpf's rule). */
export function essentialName(name: string): string {
  const at = name.lastIndexOf('___');
  // The flavour and the name must both be present, with exactly three underscores between.
  if (at <= 0 || at + 3 >= name.length) return name;
  return name[at - 1] === '_' || name[at + 3] === '_' ? name : name.slice(0, at);
}

/** Whether two types have the same essential name. */
export function sameEssentialName(left: Btf, leftId: number, right: Btf, rightId: number): boolean {
  return essentialName(left.name(leftId)) === essentialName(right.name(rightId));
}
