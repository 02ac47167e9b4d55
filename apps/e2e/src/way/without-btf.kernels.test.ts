import { openAsBlob } from 'node:fs';
import { join } from 'node:path';
import type { KernelRecord, KernelStatus } from '@btf-depot/contracts';
import { bpftool, readelf, type KernelName } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { testDepot } from '@btf-depot/testing/depots';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { expect, test } from 'vitest';

interface Expected {
  arch: string;
  endian: 'little' | 'big';
  bits: 32 | 64;
  variables: number;
  machine: string;
}

function goesThrough(name: KernelName, { machine, variables, ...says }: Expected): void {
  describeWithKernels([name], `${name}, which has no BTF of its own`, (kernels) => {
    const kernel = kernels[name];
    const folder = testFolder();
    const depot = testDepot(join(folder, 'data'));

    test('is taken alone, with core made of its debug information', async () => {
      const body = await openAsBlob(kernel.vmlinux);
      const answer = await fetch(`${depot.url}/v1/kernels`, { method: 'POST', body });
      expect(answer.status).toBe(201);
      const { buildId } = (await answer.json()) as KernelStatus;
      const record = await fetch(`${depot.url}/v1/kernels/${buildId}`);
      expect((await record.json()) as KernelRecord).toMatchObject({
        ...says,
        delivery: 'module',
        release: kernel.release,
        core: { encoded: { rules: '1.30' } },
        parts: { vars: { origin: 'dwarf' }, inlines: { origin: 'dwarf' } },
      });
    });

    test('gets what pahole made of it instead, and others read what it became', async () => {
      const push = ['push', '--json', '--url', depot.url, kernel.vmlinux, '--full', kernel.fullBtf];
      const pushed = await btfdepot(push, folder);
      expect(pushed.code, pushed.output).toBe(0);
      const [{ status }] = JSON.parse(pushed.output) as [{ status: { buildId: string } }];
      const record = await fetch(`${depot.url}/v1/kernels/${status.buildId}`);
      expect((await record.json()) as KernelRecord).toMatchObject({
        ...says,
        state: 'ready',
        delivery: 'module',
        release: kernel.release,
        core: { origin: 'partition' },
        parts: { vars: { origin: 'partition', variables } },
      });
      for (const artifact of ['vmlinux.btf', 'vmlinux.vars.btf', 'btf_vmlinux.ko']) {
        const get = [
          'get',
          '--url',
          depot.url,
          status.buildId,
          artifact,
          '-o',
          join(folder, artifact),
        ];
        expect((await btfdepot(get, folder)).code).toBe(0);
      }
      const [core, vars] = [join(folder, 'vmlinux.btf'), join(folder, 'vmlinux.vars.btf')];
      const dump = await bpftool(['-B', core, 'btf', 'dump', 'file', vars]);
      expect(dump.match(/^\[\d+\] VAR /gm)).toHaveLength(variables);
      const carrier = join(folder, 'btf_vmlinux.ko');
      expect(await readelf(['-hW', carrier])).toContain(machine);
      expect(await readelf(['-SW', carrier])).toMatch(/ \.BTF\.vars +PROGBITS /);
    });
  });
}

const armhf = { arch: 'arm', endian: 'little', bits: 32 } as const;
const s390x = { arch: 's390x', endian: 'big', bits: 64 } as const;

// Of these, 169 and 107 are only in the DWARF.
goesThrough('K61armhf', { ...armhf, variables: 42_402, machine: 'ARM' });
goesThrough('K61s390x', { ...s390x, variables: 26_451, machine: 'IBM S/390' });
