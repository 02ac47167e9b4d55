import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { sha256Of } from '@btf-depot/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Device } from './testing/device.ts';
import { describeOnDevices } from './testing/equipment.ts';
import { send } from './testing/faulty-depot.ts';
import { buildId, startKernelDepot, type KernelDepot } from './testing/kernel-depot.ts';
import { signed } from './testing/signed-depot.ts';

const REVISION = `var/lib/btf-depot/${buildId}.revision`;
const SOMEONE = 12_345;

let depot: KernelDepot;
beforeAll(async () => {
  depot = await startKernelDepot();
});
afterAll(() => depot.close());
afterEach(() => depot.behave());

/** Only root can give a folder to somebody else. */
const itAsRoot = process.getuid?.() === 0 ? it : it.skip;

function folder(device: Device, path: string, mode: number): string {
  mkdirSync(device.path(path), { recursive: true });
  chmodSync(device.path(path), mode);
  return device.path(path);
}

describeOnDevices((equipment) => {
  const refused = async (device: Device, settings: Record<string, string>) => {
    const { code, output } = await device.run(['load'], settings);
    expect([code, output]).toEqual([6, expect.stringContaining('others can write there')]);
    expect(device.has('inserted.ko')).toBe(false);
  };

  it.each([0o777, 0o1777])('writes through no link that others planted, mode %o', async (mode) => {
    const device = depot.device(equipment);
    device.write('victim', 'as it was');
    const shared = folder(device, 'shared', mode);
    folder(device, `shared/${buildId}`, 0o777);
    folder(device, `shared/${buildId}/part`, 0o777);
    for (const file of ['', '.gz', '.xz', '.zst']) {
      const name = `btf_vmlinux_ksyms.ko${file}`;
      const hash = new RegExp(`^artifact (\\w+) \\d+ ${name}$`, 'm').exec(depot.manifest)?.[1];
      symlinkSync(device.path('victim'), `${shared}/${buildId}/part/${hash ?? name}`);
    }
    await refused(device, { BTFDEPOT_DIR: shared });
    expect(readFileSync(device.path('victim'), 'utf8')).toBe('as it was');
  });

  it.each([
    ['that others may write', 0o757, 'open'],
    ['that a group may write', 0o775, 'open'],
    ['below one that others may write', 0o777, 'open/below'],
  ])('refuses a folder %s', async (_, mode, path) => {
    const device = depot.device(equipment);
    folder(device, path, 0o755);
    folder(device, 'open', mode);
    await refused(device, { BTFDEPOT_DIR: device.path(path) });
  });

  it.each(['BTFDEPOT_DIR', 'BTFDEPOT_STATE'])(
    'refuses a folder that depends on where it runs: %s',
    async (setting) => {
      const device = depot.device(equipment);
      for (const path of ['.', './kept', 'tmp/../kept']) {
        const { code, output } = await device.run(['load'], { [setting]: path });
        expect([code, output]).toEqual([2, expect.stringMatching(`${path}.*: relative`)]);
        expect(device.has('inserted.ko')).toBe(false);
      }
    },
  );

  it('takes a folder of its own below one for all, such as /tmp', async () => {
    const device = depot.device(equipment);
    folder(device, 'tmp', 0o1777);
    const { code } = await device.run(['load'], { BTFDEPOT_DIR: device.path('tmp/depot') });
    expect(code).toBe(0);
    expect(device.has(`tmp/depot/${buildId}/manifest`)).toBe(true);
  });

  it('follows a link of its own, as /var/run may be', async () => {
    const device = depot.device(equipment);
    folder(device, 'run', 0o755);
    mkdirSync(device.path('var'));
    symlinkSync('../run', device.path('var/run'));
    expect(await device.run(['load'])).toMatchObject({ code: 0 });
    expect(device.has(`run/btf-depot/${buildId}/manifest`)).toBe(true);
  });

  itAsRoot('refuses a folder of somebody else (needs root)', async () => {
    const device = depot.device(equipment);
    chownSync(folder(device, 'theirs', 0o755), SOMEONE, SOMEONE);
    await refused(device, { BTFDEPOT_DIR: device.path('theirs/depot') });
    await refused(device, { BTFDEPOT_STATE: device.path('theirs') });
  });

  itAsRoot('refuses a link of somebody else, or on the way of ours (needs root)', async () => {
    const device = depot.device(equipment);
    folder(device, 'tmp', 0o1777);
    folder(device, 'etc', 0o755);
    symlinkSync('../etc', device.path('tmp/link'));
    lchownSync(device.path('tmp/link'), SOMEONE, SOMEONE);
    symlinkSync('tmp/link', device.path('ours'));
    for (const path of ['tmp/link', 'ours', 'ours/depot']) {
      await refused(device, { BTFDEPOT_DIR: device.path(path) });
    }
    expect(device.has(`etc/${buildId}`)).toBe(false);
  });

  it('inserts from a folder that nobody else can enter', async () => {
    const device = depot.device(equipment);
    const insmod = '#!/bin/sh\nls -ld "${1%/*}" >&2\nexit 1\n';
    device.write('bin/insmod', insmod, 0o755);
    const { code, output } = await device.run(['load']);
    expect([code, output]).toEqual([7, expect.stringContaining('drwx------')]);
  });

  it('takes no older revision after a reboot either', async () => {
    const device = depot.device(equipment);
    depot.behave(signed(depot.manifest.replace('revision 1', 'revision 12')));
    expect(await device.run(['load'])).toMatchObject({ code: 0 });
    await device.run(['unload']);
    expect(readFileSync(device.path(REVISION), 'utf8')).toBe('12\n');
    rmSync(device.path('var/run'), { recursive: true });
    depot.behave();
    const { code, output } = await device.run(['load']);
    expect([code, output]).toEqual([6, expect.stringMatching(/revision 1 is older than 12 of/)]);
    // The way out if a depot was set up anew.
    rmSync(device.path(REVISION));
    expect(await device.run(['load'])).toMatchObject({ code: 0 });
  });

  it('notes no revision that nobody signed', async () => {
    const device = depot.device(equipment);
    expect(await device.run(['load', '--insecure'])).toMatchObject({ code: 0 });
    expect(device.has(REVISION)).toBe(false);
  });

  it('loads where it can keep no revision, and says so', async () => {
    const device = depot.device(equipment);
    device.write('var/lib', 'no folder, as on a root that is read only');
    const { code, output } = await device.run(['load']);
    expect([code, output]).toEqual([0, expect.stringContaining('keeps no revision')]);
  });

  it('keeps what it had, and nothing else, where a newer file does not come', async () => {
    const device = depot.device(equipment);
    await device.run(['prefetch']);
    const other = Buffer.alloc(500, 1);
    const newer = depot.manifest
      .replace('revision 1', 'revision 2')
      .replace(/^(artifact) \w+ \d+ (btf_vmlinux_ksyms\.ko.*)$/gm, `$1 ${sha256Of(other)} 500 $2`);
    depot.behave(
      (request, response) =>
        signed(newer)(request, response) ||
        (request.url?.includes('/blobs/') === true && send(response, other, { cutAt: 100 })),
    );
    expect(await device.run(['prefetch'])).toMatchObject({ code: 4 });
    expect(device.has(`var/run/btf-depot/${buildId}/part`)).toBe(false);
    const away = { BTFDEPOT_URL: 'http://127.0.0.1:1' };
    expect(await device.run(['load'], away)).toMatchObject({ code: 0 });
  });

  it('leaves nothing of a prefetch that fails', async () => {
    const device = depot.device(equipment);
    const other = 'ab'.repeat(20);
    expect(await device.run(['prefetch', other])).toMatchObject({ code: 5 });
    expect(device.has(`var/run/btf-depot/${other}`)).toBe(false);
    depot.behave(({ url = '' }, response) => url.includes('/blobs/') && send(response, 'wrong'));
    expect(await device.run(['prefetch'])).toMatchObject({ code: 6 });
    expect(device.has(`var/run/btf-depot/${buildId}`)).toBe(false);
  });
});
