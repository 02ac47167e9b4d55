import { readCarrier } from '@btf-depot/carrier';
import { expect, it } from 'vitest';
import { buildCarriers } from './built-carriers.ts';
import { boot } from '../index.ts';
import { describeInLab } from '../testing.ts';

/** Kernels without BTF: the carrier brings core, and the kernel registers none. */
for (const name of ['K61armhf', 'K61s390x'] as const) {
  describeInLab(name, 'a carrier with core', (kernel) => {
    it('loads without a complaint, and gives nothing in sysfs', async () => {
      const { artifact, parts } = await buildCarriers(kernel);
      const bytes = artifact('btf_vmlinux.ko');
      expect(parts).toMatchObject({ delivery: 'module', carrier: { loadable: true } });
      expect(readCarrier(bytes).sections.map((one) => one.name)).toEqual(['.BTF', '.BTF.vars']);
      const booted = await boot(kernel, {
        files: [{ path: 'carrier.ko', bytes }],
        steps: [
          { name: 'load', run: 'insmod /carrier.ko && grep -c ^btf_vmlinux /proc/modules' },
          { name: 'sysfs', run: 'ls /sys/kernel/btf 2>/dev/null | wc -l' },
          { name: 'remove', run: 'rmmod btf_vmlinux' },
        ],
      });
      expect(booted.step('load')).toMatchObject({ status: 0, output: '1\n' });
      expect(booted.step('load').kernelLog).not.toMatch(/[Ii]nvalid|failed to|BUG|Oops|Call Trace/);
      expect(booted.step('sysfs').output).toBe('0\n');
      expect(booted.step('remove')).toMatchObject({ status: 0, output: '' });
    });
  });
}
