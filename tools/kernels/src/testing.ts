import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Source } from '@btf-depot/bytes';
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
 * `readelf`). If a kernel is missing, one skipped test tells why.
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

/** The result of `action` for a file, which it reads at any offset. */
export function fromFile<T>(path: string, action: (source: Source) => T): T {
  const fd = openSync(path, 'r');
  try {
    return action({
      size: statSync(path).size,
      read(offset, length) {
        const bytes = new Uint8Array(length);
        if (readSync(fd, bytes, 0, length, offset) !== length) throw new Error(`${path} is short`);
        return bytes;
      },
    });
  } finally {
    closeSync(fd);
  }
}
