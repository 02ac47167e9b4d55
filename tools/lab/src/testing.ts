import type { Kernel } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import type { Provided } from '@btf-depot/services/provision';
import { describe, inject, it } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    lab: Provided<true>;
  }
}

/**
 * `describe` for tests that boot a kernel. Where QEMU or the kernel is absent, one skipped test
 * says why.
 */
export function describeInLab(
  kernel: Kernel['name'],
  name: string,
  body: (kernel: Kernel) => void,
): void {
  const lab = inject('lab');
  if ('absent' in lab) {
    describe(name, () => it('needs QEMU', (context) => context.skip(lab.absent)));
  } else {
    describeWithKernels([kernel], `${kernel}: ${name}`, (kernels) => body(kernels[kernel]));
  }
}

/**
 * The kernels of a test that takes long: the first list, and all of both where
 * `BTFDEPOT_LAB=full`.
 */
export function inFull<K extends Kernel['name']>(always: readonly K[], more: readonly K[]): K[] {
  return process.env.BTFDEPOT_LAB === 'full' ? [...always, ...more] : [...always];
}
