import { readFile, readlink } from 'node:fs/promises';
import { release } from 'node:os';
import { sha256Of } from '@btf-depot/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeOnDevices } from './testing/equipment.ts';
import { send } from './testing/faulty-depot.ts';
import { startKernelDepot, type KernelDepot } from './testing/kernel-depot.ts';
import { signed } from './testing/signed-depot.ts';

const PLACE = `lib/modules/${release()}/vmlinux-${release()}`;

let depot: KernelDepot;
beforeAll(async () => {
  depot = await startKernelDepot('--delivery', 'module');
});
afterAll(() => depot.close());
afterEach(() => depot.behave());

describeOnDevices((equipment) => {
  it('puts core of a kernel without BTF where libbpf searches, and nothing else', async () => {
    const device = depot.device(equipment, { core: undefined });
    expect(await device.run(['place'])).toMatchObject({ code: 0 });
    const file = await readFile(device.path(PLACE));
    expect(sectionsOf(file).get('.BTF')).toEqual(Buffer.from(depot.core));
    expect(file.length).toBeLessThan(depot.core.length + 300);
    expect((await device.run(['status'])).output).toContain('placed');
    expect(await device.run(['place'])).toMatchObject({ code: 0 });
  });

  it.each([
    ['x86_64', 2, 'little'],
    ['armv7l', 1, 'little'],
    ['s390x', 2, 'big'],
    ['mips', 1, 'big'],
  ] as const)('makes an ELF file as %s has them', async (machine, elfClass, endian) => {
    const device = depot.device(equipment, { core: undefined });
    device.write('bin/uname', `#!/bin/sh\n[ "$1" = -m ] && echo ${machine} || echo 6.1\n`, 0o755);
    // Its length has two bytes, of which neither is zero.
    const core = Buffer.alloc(0x1234, 7);
    if (endian === 'little') core.writeUInt16LE(0xeb9f);
    else core.writeUInt16BE(0xeb9f);
    const line = `artifact ${sha256Of(core)} ${core.length} vmlinux.btf`;
    const text = depot.manifest.replace(/^artifact .* vmlinux\.btf$/m, line);
    depot.behave(
      (request, response) =>
        signed(text)(request, response) ||
        (request.url?.includes('/blobs/') === true && send(response, core)),
    );
    expect(await device.run(['place'])).toMatchObject({ code: 0 });
    const file = await readFile(device.path('lib/modules/6.1/vmlinux-6.1'));
    expect([...file.subarray(4, 6)]).toEqual([elfClass, endian === 'little' ? 1 : 2]);
    expect(sectionsOf(file).get('.BTF')).toEqual(core);
  });

  it('keeps it in memory behind a link, which the image may have', async () => {
    const device = depot.device(equipment, { core: undefined });
    device.write(PLACE, '');
    expect(await device.run(['place', '--ram'])).toMatchObject({ code: 0 });
    expect(await readlink(device.path(PLACE))).toBe('/var/run/btf-depot/vmlinux');
    const file = await readFile(device.path('var/run/btf-depot/vmlinux'));
    expect(sectionsOf(file).get('.BTF')).toEqual(Buffer.from(depot.core));
    expect(await device.run(['place', '--ram'])).toMatchObject({ code: 0 });
  });

  it('takes core that was fetched before, without a depot', async () => {
    const device = depot.device(equipment, { core: undefined });
    expect(await device.run(['prefetch', '--core'])).toMatchObject({ code: 0 });
    const away = { BTFDEPOT_URL: 'http://127.0.0.1:1' };
    expect(await device.run(['place'], away)).toMatchObject({ code: 0 });
  });

  it('names the link that the image lacks', async () => {
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

/** Each section of an ELF file by its name (System V ABI, chapter 4). */
function sectionsOf(file: Buffer): Map<string, Buffer> {
  const [wide, little] = [file[4] === 2, file[5] === 1];
  const half = (at: number) => (little ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const word = (at: number) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const address = (at: number) => {
    if (!wide) return word(at);
    return Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
  };
  const heads = address(wide ? 40 : 32);
  const [entry, count, names] = [0, 2, 4].map((more) => half((wide ? 58 : 46) + more));
  const contents = (index: number) => {
    const at = heads + index * (entry ?? 0);
    const start = address(at + (wide ? 24 : 16));
    return file.subarray(start, start + address(at + (wide ? 32 : 20)));
  };
  const table = contents(names ?? 0);
  return new Map(
    Array.from({ length: count ?? 0 }, (_, index) => {
      const name = word(heads + index * (entry ?? 0));
      return [table.toString('latin1', name, table.indexOf(0, name)), contents(index)];
    }),
  );
}
