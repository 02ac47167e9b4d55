import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelRecord } from '@btf-depot/contracts';
import { bpftool, readelf } from '@btf-depot/kernels';
import { describeWithKernels } from '@btf-depot/kernels/testing';
import { startServices } from '@btf-depot/services';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot, startDepot, startProcess } from '@btf-depot/testing/processes';
import { startServiceProcesses } from '@btf-depot/testing/services';
import { beforeAll, describe, expect, test } from 'vitest';

const ARTIFACTS = ['vmlinux.btf', 'vmlinux.vars.btf', 'btf_vmlinux.ko', 'btf_vmlinux.ko.gz'];

/** The 31,415 variables of pahole's full BTF, and those that only DWARF has. */
const ALL = 31_666;

interface Pushed {
  status: {
    buildId: string;
    state: string;
    report: { release?: string; extras: Record<string, { variables: number }> };
  };
}

describeWithKernels(['K612'], 'a Debian kernel goes the whole way', ({ K612 }) => {
  const folder = testFolder();

  /** Sends the kernel, and gets everything back into a folder of that name. */
  async function pushAndGet(pushUrl: string, getUrl: string, into: string): Promise<Pushed> {
    const files = [K612.vmlinux, '--full', K612.fullBtf];
    const pushed = await btfdepot(['push', '--json', '--url', pushUrl, ...files], folder);
    expect(pushed.code, pushed.output).toBe(0);
    const [first] = JSON.parse(pushed.output) as [Pushed];
    for (const name of ARTIFACTS) {
      const output = join(folder, `${into}.${name}`);
      const command = ['get', '--url', getUrl, first.status.buildId, name, '-o', output];
      expect((await btfdepot(command, folder)).code).toBe(0);
    }
    return first;
  }

  const got = (into: string, name: string) => join(folder, `${into}.${name}`);

  describe('in one process', () => {
    let pushed: Pushed;

    beforeAll(async () => {
      const depot = await startDepot(join(folder, 'data'));
      pushed = await pushAndGet(depot.url, depot.url, 'embedded');
      expect(await depot.stop()).toBe(0);
    });

    test('with its release and all variables', () => {
      expect(pushed.status).toMatchObject({ state: 'ready', report: { release: K612.release } });
      expect(pushed.status.report.extras).toMatchObject({ vars: { variables: ALL } });
    });

    test('and core comes back byte for byte', async () => {
      const core = await readFile(got('embedded', 'vmlinux.btf'));
      expect(core.equals(await readFile(K612.coreBtf))).toBe(true);
    });

    test('bpftool reads the variables as split BTF on core', async () => {
      const core = got('embedded', 'vmlinux.btf');
      const vars = got('embedded', 'vmlinux.vars.btf');
      const dump = await bpftool(['-B', core, 'btf', 'dump', 'file', vars]);
      expect(dump.match(/^\[\d+\] VAR /gm)).toHaveLength(ALL);
    });

    test('readelf finds the sections of the carrier', async () => {
      const sections = await readelf(['-SW', got('embedded', 'btf_vmlinux.ko')]);
      expect(sections).toMatch(/ \.modinfo +PROGBITS /);
      expect(sections).toMatch(/ \.BTF\.vars +PROGBITS /);
      expect(sections).toMatch(/ \.BTF +PROGBITS /);
      expect(sections).toMatch(/ \.gnu\.linkonce\.this_module +PROGBITS /);
    });
  });

  test('without a full BTF, its variables come from its DWARF', async () => {
    const data = { BTFDEPOT_DATA: join(folder, 'dwarf') };
    const args = ['serve', '--port', '0', '--json', K612.vmlinux];
    const depot = startProcess('apps/cli/src/main.ts', args, data);
    await depot.line(/^}$/);
    const [kernel] = (
      JSON.parse(depot.lines.filter((line) => /^[{} ]/.test(line)).join('\n')) as {
        kernels: KernelRecord[];
      }
    ).kernels;
    expect(await depot.stop()).toBe(0);
    expect(kernel?.parts.vars).toMatchObject({ origin: 'dwarf' });
    // Also those that C only declares, which pahole does not list.
    expect(kernel?.parts.vars?.variables).toBeGreaterThanOrEqual(31_415);
  });

  describe('by three services over Redis and MinIO', () => {
    test('with the same bytes', async () => {
      const servers = await startServices({ redis: true, minio: true });
      const { redis, minio } = servers;
      const bucket = 'whole-way';
      const services = await startServiceProcesses({ redisUrl: redis.url, minio, bucket });
      try {
        await pushAndGet(services.url('ingest'), services.url('fetch'), 'distributed');
      } finally {
        await services.stop();
        await servers.stop();
      }
      for (const name of ARTIFACTS) {
        const [one, other] = await Promise.all(
          ['embedded', 'distributed'].map((way) => readFile(got(way, name))),
        );
        expect(one?.equals(other ?? Buffer.alloc(0)), name).toBe(true);
      }
    });
  });
});
