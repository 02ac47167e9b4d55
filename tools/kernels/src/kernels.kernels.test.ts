import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bpftool, pahole, readelf } from './index.ts';
import { describeWithKernels } from './testing.ts';

describeWithKernels(['K612'], 'a fetched kernel', ({ K612 }) => {
  it('has symbols, DWARF and BTF in its vmlinux', async () => {
    const sections = await readelf(['-SW', K612.vmlinux]);
    for (const name of ['.symtab', '.debug_info', '.BTF', '.notes']) {
      expect(sections).toContain(` ${name} `);
    }
  });

  it('has an image, modules and a map', async () => {
    expect(existsSync(K612.vmlinuz)).toBe(true);
    expect(existsSync(join(K612.modules, 'kernel'))).toBe(true);
    expect(await readFile(K612.systemMap, 'latin1')).toMatch(/ D init_task$/m);
  });

  it('has its core and, in the full BTF, the global variables', async () => {
    const core = await bpftool(['btf', 'dump', 'file', K612.coreBtf]);
    const full = await bpftool(['btf', 'dump', 'file', K612.fullBtf]);
    const variables = (dump: string) => dump.match(/^\[\d+\] VAR /gm)?.length;
    expect(variables(core)).toBe(383);
    expect(variables(full)).toBe(31_848);
  });

  it('is judged by pahole 1.30', async () => {
    expect(await pahole(['--version'])).toBe('v1.30\n');
  });
});
