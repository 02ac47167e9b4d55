import { mergeBtf, parseBtf, type Btf } from '@btf-depot/btf';
import { attachVariables, variablesNotIn } from './attach-variables.ts';
import type { VariablesBtf } from './variables-btf.ts';
import { listVariables } from './variables.ts';

export interface UnitedVariables extends VariablesBtf {
  /** How many are of the second alone. */
  readonly added: number;
}

/**
 * The variables of two split BTFs on one core, each once: those of the first, and of the second the
 * ones that the first lacks (section, offset and name). Types that both have are there once.
 * @returns undefined if the second adds none.
 */
export function uniteVariables(
  core: Btf,
  first: Uint8Array,
  second: Uint8Array,
): UnitedVariables | undefined {
  const one = parseBtf(first, { base: core, section: 'vars' });
  const other = parseBtf(second, { base: core, section: 'vars' });
  const missing = variablesNotIn(listVariables(one), listVariables(other));
  if (missing.length === 0) return undefined;
  const whole = parseBtf(mergeBtf(core, one, other));
  // Behind core and the first, as they are, come the own types of the second.
  const taken = new Set(missing.map(({ id }) => id - core.endId + one.endId));
  const united = attachVariables(core, whole, {
    takes: ({ id }) => id < one.endId || taken.has(id),
  });
  return { ...united, added: missing.length };
}
