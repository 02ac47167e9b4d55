import { openFileSource } from '@btf-depot/compute';
import { splitKernel } from '@btf-depot/depot';
import type { KernelName } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { describe, expect, it } from 'vitest';
import { readBtf } from './btf-file.ts';
import { inspectFile } from '../verbs/inspect/inspect-file.ts';
import { fileVariables } from '../verbs/vars/variable-source.ts';

describe.each(['K612', 'K72'] as const satisfies KernelName[])('%s', (name) => {
  describeWithKernels([name], 'every verb opens a kernel as push does', (kernels) => {
    it("vars of a vmlinux with DWARF lists the depot's variables, and core's per-CPU ones", async () => {
      const { vmlinux } = kernels[name];
      const source = await fileVariables(vmlinux, undefined);
      const names = new Set<string>();
      let count = 0;
      for await (const variable of source.list('*')) {
        names.add(variable.name);
        count++;
      }
      using file = openFileSource(vmlinux);
      const { vars } = splitKernel({ kernel: file }, { extras: ['vars'] });
      expect(count).toBeGreaterThan(vars?.variables ?? Infinity);
      expect(names).toContain('init_task');
      expect(names).toContain('runqueues');
      expect((await source.find('init_task'))[0]).toMatchObject({ section: '.data' });
    });

    it('a vmlinuz is inspected, and its BTF is that of its vmlinux', async () => {
      const { vmlinux, vmlinuz } = kernels[name];
      const [inside, whole] = await Promise.all([inspectFile(vmlinuz), inspectFile(vmlinux)]);
      expect([inside.isInside, inside.buildId]).toEqual([true, whole.buildId]);
      expect(await readBtf(vmlinuz)).toEqual(await readBtf(vmlinux));
    });
  });
});
