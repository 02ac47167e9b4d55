import { describe, inject, it } from 'vitest';
import type { Provided } from '@btf-depot/services/provision';
import type { Kernel } from './kernel.ts';
import type { KernelName } from './table.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    kernels: Readonly<Record<KernelName, Provided<Kernel>>>;
  }
}

/**
 * `describe` for tests that need kernels, and the tools that come with them (`pahole`, `bpftool`,
 * `readelf`). Where a kernel is absent, one skipped test says why.
 */
export function describeWithKernels<K extends KernelName>(
  needed: readonly K[],
  name: string,
  body: (kernels: Readonly<Record<K, Kernel>>) => void,
): void {
  describe(name, () => {
    const provided = inject('kernels');
    const found: Partial<Record<KernelName, Kernel>> = {};
    for (const kernel of needed) {
      const one = provided[kernel];
      if ('absent' in one) {
        it(`needs kernel ${kernel}`, (context) => context.skip(one.absent));
        return;
      }
      found[kernel] = one.value;
    }
    body(found as Readonly<Record<K, Kernel>>);
  });
}
