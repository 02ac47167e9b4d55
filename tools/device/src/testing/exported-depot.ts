import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StaticServer } from '@btf-depot/services';
import { buildIdOf } from '@btf-depot/testing';
import { testFolder } from '@btf-depot/testing/folders';
import { btfdepot } from '@btf-depot/testing/processes';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeOnDevices } from './equipment.ts';
import { KEY_NUMBER, PUBLIC_KEY } from './signed-depot.ts';
import { buildId, startKernelDepot, type KernelDepot } from './kernel-depot.ts';

/**
 * Tests of devices and `btfdepot get` with the export of a depot, for any web server.
 * @param serve starts a server of the files of a folder.
 */
export function testOverExport(serve: (folder: string) => Promise<StaticServer>): void {
  let depot: KernelDepot;
  const folder = testFolder();
  let server: StaticServer;

  beforeAll(async () => {
    depot = await startKernelDepot();
    // A list of all kernels shows a new one a little later.
    await vi.waitFor(
      async () => {
        const list = (await depot.get('/v1/kernels')).toString();
        expect(list).toContain(`"${buildId}"`);
      },
      { timeout: 60_000, interval: 200 },
    );
    const { code, output } = await btfdepot(['export', folder, '--url', depot.url], folder);
    if (code !== 0) throw new Error(output);
    server = await serve(folder);
  });

  afterAll(async () => {
    await server.stop();
    await depot.close();
  });

  const settings = () => ({ BTFDEPOT_URL: server.url });
  const run = (...args: string[]) => btfdepot(args, folder, settings());

  describeOnDevices((equipment) => {
    it('loads what the export has, signed', async () => {
      const device = depot.device(equipment, { settings: settings() });
      const { code, output } = await device.run(['load']);
      expect([code, output]).toEqual([0, 'btfdepot-fetch: loaded btf_vmlinux_ksyms, revision 1\n']);
      expect(await readFile(device.path('sys/kernel/btf/btf_vmlinux_ksyms'))).toEqual(
        Buffer.from(depot.ksyms),
      );
    });

    it('says of a kernel that is not there that there is nothing', async () => {
      const device = depot.device(equipment, { settings: settings() });
      const { code, output } = await device.run(['prefetch', buildIdOf('nobody sent it')]);
      expect([code, output]).toEqual([5, expect.stringContaining('nothing for') as string]);
    });
  });

  it('`get` checks every hash, by a shortened build ID and with a key', async () => {
    const part = buildId.slice(0, 8);
    const key = join(folder, `v1/keys/${KEY_NUMBER}.pub`);
    expect(await readFile(key, 'utf8')).toContain(PUBLIC_KEY.split('\n')[1] ?? 'none');
    const got = await run('get', part, 'btf_vmlinux.ko', '-o', 'got.ko', '--keys', key);
    expect(got).toMatchObject({
      code: 0,
      output: expect.stringContaining('signature checked') as string,
    });
    expect(await readFile(join(folder, 'got.ko'))).toEqual(Buffer.from(depot.carrier));
  });

  it('`get` says what there is not, as of a depot', async () => {
    const unknown = await run('get', buildIdOf('nobody sent it'), 'vmlinux.btf');
    expect(unknown).toMatchObject({
      code: 1,
      output: expect.stringContaining('unknown-build-id') as string,
    });
    const none = await run('get', buildId, 'vmlinux.inlines.btf');
    expect(none).toMatchObject({
      code: 1,
      output: expect.stringContaining('unknown-artifact') as string,
    });
  });

  it('`lookup` finds kernels by release and build ID', async () => {
    const { output } = await run('lookup', buildId, buildIdOf('nobody sent it'), '--json');
    expect(JSON.parse(output)).toMatchObject(
      [
        { asked: buildId, answer: 'have' },
        { asked: buildIdOf('nobody sent it'), answer: 'missing' },
      ].sort((a, b) => a.asked.localeCompare(b.asked, 'en', { numeric: true })),
    );
  });
}
