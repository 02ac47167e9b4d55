import { readFile } from 'node:fs/promises';
import { buildIdNote } from '@btf-depot/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnDevices } from './testing/equipment.ts';
import { send } from './testing/faulty-depot.ts';
import { buildId, startKernelDepot, type KernelDepot } from './testing/kernel-depot.ts';

const LOADED = 'sys/kernel/btf/btf_vmlinux_ksyms';
const AWAY = { BTFDEPOT_URL: 'http://127.0.0.1:1' };

let depot: KernelDepot;
beforeAll(async () => {
  depot = await startKernelDepot();
});
afterAll(() => depot.close());

describeOnDevices((equipment) => {
  it('reads the build ID behind other notes, of both byte orders', async () => {
    for (const endian of ['little', 'big'] as const) {
      const notes = Buffer.concat([
        note('Xen', 7, 5, endian),
        note('Linux', 257, 30, endian),
        buildIdNote(buildId, endian),
      ]);
      const { output } = await depot.device(equipment, { notes }).run(['status']);
      expect(output).toContain(`build-id ${buildId}\n`);
    }
  });

  it('reads the build ID from a file where the kernel shows none', async () => {
    for (const notes of [undefined, note('Xen', 7, 5, 'little')]) {
      const device = depot.device(equipment, { notes });
      expect(await device.run(['load'])).toMatchObject({ code: 3 });
      device.write('etc/btf-depot/build-id', `${buildId}\n`);
      expect(await device.run(['load'])).toMatchObject({ code: 0 });
    }
  });

  it('loads what the manifest names, in three requests', async () => {
    const device = depot.device(equipment);
    depot.behave();
    const { code, output } = await device.run(['load']);
    expect([code, output]).toEqual([0, 'btfdepot-fetch: loaded btf_vmlinux_ksyms, revision 1\n']);
    expect(await readFile(device.path(LOADED))).toEqual(Buffer.from(depot.ksyms));
    expect(depot.requests).toHaveLength(3);
    expect(device.has('var/run/btf-depot/lock')).toBe(false);
  });

  it('loads without a depot what it got before, and unloads', async () => {
    const device = depot.device(equipment);
    await device.run(['prefetch']);
    expect((await device.run(['load'], AWAY)).code).toBe(0);
    expect((await device.run(['load'], AWAY)).code).toBe(0);
    expect((await device.run(['status'])).output).toContain('loaded btf_vmlinux_ksyms\n');
    expect((await device.run(['unload'])).code).toBe(0);
    expect(device.has(LOADED)).toBe(false);
  });

  it('runs a command while it is loaded, and ends with its status', async () => {
    const device = depot.device(equipment);
    const { code, output } = await device.run([
      'run',
      '--',
      'grep',
      '-c',
      'nothing',
      device.path(LOADED),
    ]);
    expect([code, output]).toEqual([1, expect.stringMatching(/\n0\n$/)]);
    expect(device.has(LOADED)).toBe(false);
    await device.run(['load']);
    await device.run(['run', '--', 'cat', '/dev/null']);
    expect(device.has(LOADED)).toBe(true);
  });

  it('goes on where the connection was cut, as long as something comes', async () => {
    const device = depot.device(equipment);
    await device.run(['prefetch']);
    const kept = (await device.run(['prefetch'])).output.trim();
    const bytes = await readFile(kept);
    const fresh = depot.device(equipment);
    let cuts = 0;
    depot.behave(({ url = '' }, response) => {
      if (!url.includes('/blobs/') || cuts++ > 0) return false;
      return send(response, bytes, { cutAt: 100 });
    });
    expect(await fresh.run(['load'])).toMatchObject({ code: 0 });
    expect(depot.requests.at(-1)).toContain('bytes=100-');
    depot.behave();
  });

  it('keeps nothing of a damaged blob that was cut, went on, and was healed meanwhile', async () => {
    const maker = depot.device(equipment);
    await maker.run(['prefetch']);
    const damaged = await readFile((await maker.run(['prefetch'])).output.trim());
    damaged[0] = 1 ^ (damaged[0] ?? 0);
    let isHealed = false;
    depot.behave(({ url = '' }, response) => {
      if (!url.includes('/blobs/') || isHealed) return false;
      isHealed = true;
      return send(response, damaged, { cutAt: 100 });
    });
    const device = depot.device(equipment);
    const asked = () => depot.requests.filter((request) => request.includes('/blobs/')).at(-1);
    const ran = await device.run(['load']);
    expect([ran.code, ran.output]).toEqual([6, expect.stringContaining('wrong SHA-256')]);
    expect(asked()).toContain('bytes=100-');
    expect(device.has(`var/run/btf-depot/${buildId}/part`)).toBe(false);
    expect(await device.run(['load'])).toMatchObject({ code: 0 });
    expect(asked()).not.toContain('bytes=');
    depot.behave();
  });

  it('takes everything from a folder, such as prefetch makes', async () => {
    const maker = depot.device(equipment, { notes: undefined });
    expect((await maker.run(['prefetch', '--all', buildId])).code).toBe(0);
    expect((await maker.run(['prefetch', buildId])).code).toBe(0);
    const settings = { BTFDEPOT_URL: maker.path('var/run/btf-depot') };
    const device = depot.device(equipment, { settings });
    expect((await device.run(['load'])).code).toBe(0);
    expect((await device.run(['load', '--all'])).code).toBe(0);
    expect(device.has('sys/kernel/btf/btf_vmlinux')).toBe(true);
  });

  it('is not stopped by the remains of a killed client', async () => {
    const device = depot.device(equipment);
    device.write('var/run/btf-depot/lock/pid', '99999999\n');
    expect((await device.run(['load'])).code).toBe(0);
  });

  it('loads it once for two clients at one time', async () => {
    const device = depot.device(equipment);
    const both = await Promise.all([device.run(['load']), device.run(['load'])]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
  });

  it('reads settings from a file, those of the environment first, and runs nothing of it', async () => {
    const device = depot.device(equipment, { settings: {} });
    const lines = [`BTFDEPOT_URL=${depot.url}`, 'PATH=/nowhere', 'BTFDEPOT_LIMIT=$(exit 9)'];
    device.write('etc/btf-depot/fetch.conf', `# depots\n${lines.join('\n')}\n`);
    const { code } = await device.run(['load'], { BTFDEPOT_LIMIT: '1000000' });
    expect(code).toBe(0);
    expect((await device.run(['prefetch'], { BTFDEPOT_URL: '/nowhere' })).code).toBe(5);
  });

  it.each([[], ['what'], ['load', 'more'], ['run', 'true'], ['place', '--tmpfs']])(
    'prints its usage: %s',
    async (...args) => {
      const { code, output } = await depot.device(equipment).run(args);
      expect([code, output]).toEqual([2, expect.stringContaining('Usage:')]);
    },
  );
});

function note(owner: string, type: number, size: number, endian: 'little' | 'big'): Uint8Array {
  const head = Buffer.alloc(12);
  for (const [at, value] of [owner.length + 1, size, type].entries()) {
    if (endian === 'little') head.writeUInt32LE(value, at * 4);
    else head.writeUInt32BE(value, at * 4);
  }
  const padded = (bytes: Buffer) =>
    Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  return Buffer.concat([head, padded(Buffer.from(`${owner}\0`)), padded(Buffer.alloc(size, 3))]);
}
