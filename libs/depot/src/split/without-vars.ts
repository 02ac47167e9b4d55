import type { OpenedKernel } from './open-kernel.ts';
import type { VariablesPart } from './split-part.ts';

export interface WithoutVars {
  code: 'no-debug-information' | 'no-global-variables';
  reason: string;
}

const WAY_OUT = 'send its vmlinux with debug information, or its full BTF as part `full`';

/** Why a kernel has no variables; undefined if it has some. */
export function whyWithoutVars(
  { kind }: OpenedKernel,
  vars: VariablesPart | undefined,
  { hasDwarf, hasFull }: { hasDwarf: boolean; hasFull: boolean },
): WithoutVars | undefined {
  if (vars && vars.variables > 0) return undefined;
  if (kind === 'btf' || hasFull) {
    const reason = `the BTF has only per-CPU variables (pahole writes all with --btf_features=default,global_var); ${WAY_OUT}`;
    return { code: 'no-global-variables', reason };
  }
  if (hasDwarf) {
    const reason = 'its debug information has no variable with an address';
    return { code: 'no-global-variables', reason };
  }
  const file = kind === 'image' ? 'an image' : 'the file';
  return { code: 'no-debug-information', reason: `${file} has no debug information; ${WAY_OUT}` };
}
