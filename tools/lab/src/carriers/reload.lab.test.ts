import { say } from '@btf-depot/services/provision';
import { expect, it } from 'vitest';
import { buildCarriers } from './built-carriers.ts';
import { boot } from '../index.ts';
import { describeInLab } from '../testing.ts';

const AGAIN = 50;

/** kB of the kernel's own memory; free memory varies by megabytes between two looks. */
const USED = `sleep 2; echo 3 > /proc/sys/vm/drop_caches; sleep 1
awk '/^(SUnreclaim|VmallocUsed|PageTables|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo`;

describeInLab('K612', `carriers loaded and removed ${AGAIN} times`, (kernel) => {
  it('leave no memory behind, and take little more than the BTF that they register', async () => {
    const { artifact } = await buildCarriers(kernel);
    const again = `for i in $(seq ${AGAIN}); do insmod /carrier.ko && rmmod btf_vmlinux || exit 1; done`;
    const booted = await boot(kernel, {
      files: [{ path: 'carrier.ko', bytes: artifact('btf_vmlinux.ko') }],
      steps: [
        { name: 'warm', run: again },
        { name: 'before', run: USED },
        { name: 'again', run: again },
        { name: 'after', run: USED },
        { name: 'load', run: 'insmod /carrier.ko' },
        { name: 'loaded', run: USED },
      ],
    });
    expect(booted.step('again')).toMatchObject({ status: 0, output: '' });
    const used = (step: string): number => Number(booted.step(step).output);
    const growth = used('after') - used('before');
    const loaded = used('loaded') - used('after');
    const registered = artifact('vmlinux.ksyms.btf').length / 1024;
    say(
      `growth after ${AGAIN} loads: ${growth} kB; loaded: ${loaded} kB for ${registered.toFixed(0)} kB of BTF`,
    );
    // Fifty copies of the smallest possible leak, a page.
    expect(growth).toBeLessThan(4 * AGAIN);
    expect(loaded).toBeLessThan(registered * 2);
  });
});
