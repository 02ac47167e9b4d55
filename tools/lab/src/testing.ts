import type { BareKernel, BareKernelName, Kernel } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import type { Provided } from '@btf-depot/services/provision';
import { describe, inject, it } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    lab: Provided<true>;
    bareKernels: Readonly<Record<BareKernelName, Provided<BareKernel>>>;
  }
}

/**
 * `describe` for tests that boot a kernel. If QEMU or the kernel is missing, one skipped test tells
 * why.
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

/** The same for a kernel that was fetched without its debug information. */
export function describeBareInLab(
  name: BareKernelName,
  what: string,
  body: (kernel: BareKernel) => void,
): void {
  describe(`${name}: ${what}`, () => {
    const [lab, kernel] = [inject('lab'), inject('bareKernels')[name]];
    if ('absent' in lab) it('needs QEMU', (context) => context.skip(lab.absent));
    else if ('absent' in kernel) it(`needs ${name}`, (context) => context.skip(kernel.absent));
    else body(kernel.value);
  });
}

/** The kernels of a slow test: the first list, and with `BTFDEPOT_LAB=full` both. */
export function inFull<K extends Kernel['name']>(always: readonly K[], more: readonly K[]): K[] {
  return process.env.BTFDEPOT_LAB === 'full' ? [...always, ...more] : [...always];
}
