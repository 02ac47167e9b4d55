import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource } from '@btf-depot/bytes';
import { DepotClient } from '@btf-depot/client';
import { gzip } from '@btf-depot/codec';
import { kernelPieces, splitKernel } from '@btf-depot/depot';
import type { KernelName } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { openFileSource } from '@btf-depot/compute';
import { testDepot } from '@btf-depot/testing/depots';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pushed } from './push-file.ts';

const options = { extras: ['vars'] } as const;
const withBtf = ['K612', 'K72'] as const satisfies KernelName[];
const withoutBtf = ['K61s390x'] as const satisfies KernelName[];

describe.each(withBtf)('%s', (name) => {
  describeWithKernels([name], 'split where it was built', (kernels) => {
    it('is megabytes, and gives what its vmlinux gives, byte for byte', () => {
      using vmlinux = openFileSource(kernels[name].vmlinux);
      const { kernel, full, parts } = kernelPieces({ kernel: vmlinux }, options);
      const packed = gzip(kernel, { level: 6 }).length + gzip(full ?? kernel, { level: 6 }).length;
      expect(packed).toBeLessThan(8e6);
      expect(packed).toBeLessThan(vmlinux.size / 30);
      const sent = { kernel: bytesSource(kernel), full: full && bytesSource(full) };
      expect(sumsOf(splitKernel(sent, options))).toEqual(sumsOf(parts));
    });
  });
});

function sumsOf({ core, vars, ksyms, ...says }: ReturnType<typeof splitKernel>) {
  return { ...says, sums: [core, vars, ksyms].map((part) => part?.sha256) };
}

describe.each(withoutBtf)('%s', (name) => {
  describeWithKernels([name], 'without BTF inside', (kernels) => {
    const folder = testFolder();
    const depot = testDepot(join(folder, 'data'));

    beforeAll(async () => {
      await symlink(kernels[name].vmlinux, join(folder, 'vmlinux'));
    });

    it("gets it from its DWARF on the machine that pushes, and the depot's carrier is of it", async () => {
      const command = ['push', '--json', '--url', depot.url, '--split=here', 'vmlinux'];
      const { code, output } = await btfdepot(command, folder);
      expect(code, output).toBe(0);
      const [pushed] = JSON.parse(output.slice(output.search(/^\[/m))) as Pushed[];
      const record = await new DepotClient(depot.url).record(pushed?.status.buildId ?? '');
      expect(record).toMatchObject({
        state: 'ready',
        delivery: 'module',
        core: { encoded: { rules: '1.30' } },
        release: kernels[name].release,
        endian: 'big',
        bits: 64,
      });
      expect(record?.parts.vars?.variables).toBeGreaterThan(10_000);
      expect(record?.artifacts).toHaveProperty(['btf_vmlinux.ko.gz']);
    });
  });
});
