import { mergeBtf, parseBtf, type Btf } from '@btf-depot/btf';
import { attachVariables, variablesNotIn } from './attach-variables.ts';
import type { VariablesBtf } from './variables-btf.ts';
import { listVariables } from './variables.ts';

export interface UnitedVariables extends VariablesBtf {
  /** Number of variables that only the second has. */
  readonly added: number;
}

/**
 * The variables of two split BTFs on one core, each once: those of the first, and those of the
 * second that the first lacks (section, offset and name). Types that both have occur once.
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
  // The second's own types follow core and the first, which stay as they are.
  const taken = new Set(missing.map(({ id }) => id - core.endId + one.endId));
  const united = attachVariables(core, whole, {
    takes: ({ id }) => id < one.endId || taken.has(id),
  });
  return { ...united, added: missing.length };
}
