import { readFile, readlink } from 'node:fs/promises';
import { release } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnDevices } from './testing/equipment.ts';
import { startKernelDepot, type KernelDepot } from './testing/kernel-depot.ts';

const PLACE = `lib/modules/${release()}/vmlinux-${release()}`;

let depot: KernelDepot;
beforeAll(async () => {
  depot = await startKernelDepot('--delivery', 'module');
});
afterAll(() => depot.close());

describeOnDevices((equipment) => {
  it('puts core of a kernel that has none where libbpf searches', async () => {
    const device = depot.device(equipment, { core: undefined });
    expect(await device.run(['place'])).toMatchObject({ code: 0 });
    expect(await readFile(device.path(PLACE))).toEqual(depot.carrier);
    expect((await device.run(['status'])).output).toContain(`placed ${device.path(PLACE)}\n`);
  });

  it('keeps it in memory behind a link, which the image may have', async () => {
    const device = depot.device(equipment, { core: undefined });
    expect(await device.run(['place', '--ram'])).toMatchObject({ code: 0 });
    expect(await readlink(device.path(PLACE))).toBe('/var/run/btf-depot/vmlinux');
    expect(await readFile(device.path('var/run/btf-depot/vmlinux'))).toEqual(depot.carrier);
    expect(await device.run(['place', '--ram'])).toMatchObject({ code: 0 });
  });

  it('says which link the image lacks', async () => {
    const device = depot.device(equipment, { core: undefined });
    device.write('lib/modules', 'no folder, as on a root that is read only');
    const { code, output } = await device.run(['place', '--ram']);
    expect([code, output]).toEqual([8, expect.stringContaining('the image lacks the link')]);
  });

  it('leaves a kernel alone that has BTF of its own', async () => {
    const device = depot.device(equipment, { core: Buffer.from('BTF') });
    const { code, output } = await device.run(['place']);
    expect([code, output]).toEqual([0, expect.stringContaining('BTF of its own')]);
    expect(device.has(PLACE)).toBe(false);
  });
});
