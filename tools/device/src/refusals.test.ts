import { appendFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createSecretKey, openSecretKey } from '@btf-depot/depot';
import { buildIdNote, buildIdOf } from '@btf-depot/testing';
import { DEPOT_TEST_CERTIFICATE, DEPOT_TEST_KEY } from '@btf-depot/testing/certificate';
import { testFolder } from '@btf-depot/testing/folders';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeOnDevices } from './testing/equipment.ts';
import { type Device } from './testing/device.ts';
import { send, startFaultyDepot, type Fault, type FaultyDepot } from './testing/faulty-depot.ts';
import { buildId, startKernelDepot, type KernelDepot } from './testing/kernel-depot.ts';
import { signed } from './testing/signed-depot.ts';

const AWAY = { BTFDEPOT_URL: 'http://127.0.0.1:1' };

let depot: KernelDepot;
/** The same by HTTPS, with a certificate of an unknown authority. */
let secure: FaultyDepot;
const folder = testFolder();
beforeAll(async () => {
  depot = await startKernelDepot();
  secure = await startFaultyDepot(depot.url, {
    key: DEPOT_TEST_KEY,
    cert: DEPOT_TEST_CERTIFICATE,
  });
});
afterAll(async () => {
  await depot.close();
  await secure.close();
});
afterEach(() => depot.behave());

describeOnDevices((equipment) => {
  /** The last line of `load` when it must not have loaded anything. */
  const refusal = async (device: Device, ...args: Parameters<Device['run']>) => {
    const ran = await device.run(...args);
    expect(device.has('inserted.ko')).toBe(false);
    expect(device.has('var/run/btf-depot/lock')).toBe(false);
    return ran;
  };

  it.each([
    ['none of GNU', Buffer.from('04000000140000000100000058656e00', 'hex')],
    ['a size that passes the end', buildIdNote(buildId, 'little').subarray(0, 30)],
    ['nothing', new Uint8Array()],
  ])('of notes with %s', async (_, notes) => {
    const ran = await refusal(depot.device(equipment, { notes }), ['load']);
    expect([ran.code, ran.output]).toEqual([3, expect.stringContaining('no build ID')]);
  });

  it.each(['by another', 'not', 'and changed since'])('of a manifest signed %s', async (how) => {
    const faults: Record<string, Fault> = {
      'by another': signed(depot.manifest, openSecretKey(createSecretKey())),
      not: ({ url = '' }, response) => url.endsWith('sig') && send(response, '', { status: 404 }),
      'and changed since': ({ url = '' }, response) =>
        url.endsWith('/manifest') && send(response, depot.manifest.replace(/\d+/g, '1')),
    };
    depot.behave(faults[how]);
    const ran = await refusal(depot.device(equipment), ['load']);
    expect([ran.code, ran.output]).toEqual([6, expect.stringContaining('no key of')]);
  });

  it('of a file that rests on a claim, unless it is told to take claims', async () => {
    const claimed = (files: string) =>
      signed(depot.manifest.replace(/^artifact/m, `claimed ${files}\nartifact`));
    depot.behave(claimed('vmlinux.vars.btf btf_vmlinux_ksyms.ko btf_vmlinux.ko'));
    const device = depot.device(equipment);
    const ran = await refusal(device, ['load']);
    expect([ran.code, ran.output]).toEqual([
      6,
      expect.stringContaining('btf_vmlinux_ksyms.ko: claimed, see BTFDEPOT_CLAIMED'),
    ]);
    // Nor files that were kept while claims were accepted.
    const settings = { BTFDEPOT_CLAIMED: '1' };
    expect(await device.run(['prefetch'], settings)).toMatchObject({ code: 0 });
    expect(await refusal(device, ['load'], AWAY)).toMatchObject({ code: 4 });
    expect(await device.run(['load'], settings)).toMatchObject({ code: 0 });
    await device.run(['unload']);
    expect(await device.run(['--insecure', 'load'])).toMatchObject({ code: 0 });
    // It says nothing about another file.
    depot.behave(claimed('vmlinux.btf btf_vmlinux.ko'));
    expect(await depot.device(equipment).run(['load'])).toMatchObject({ code: 0 });
  });

  it('of more bytes unpacked than the manifest says', async () => {
    const line = /^artifact \w+ \d+ (?=btf_vmlinux_ksyms\.ko$)/m;
    const small = depot.manifest.replace(line, `artifact ${'0'.repeat(64)} 600 `);
    depot.behave(signed(small));
    const { code, output } = await refusal(depot.device(equipment), ['load']);
    expect([code, output]).toEqual([8, expect.stringContaining('btf_vmlinux_ksyms.ko.')]);
  });

  it('of the manifest of another kernel, though it is signed', async () => {
    const other = buildIdOf('another device');
    const device = depot.device(equipment, { notes: buildIdNote(other, 'little') });
    depot.behave((request) => {
      request.url = request.url?.replace(other, buildId);
      return false;
    });
    const ran = await refusal(device, ['load']);
    expect([ran.code, ran.output]).toEqual([6, expect.stringContaining('of another kernel')]);
  });

  it('of a file with a wrong hash, until a depot has the right one', async () => {
    const device = depot.device(equipment);
    const wrong: Fault = ({ url = '' }, response) =>
      url.includes('/blobs/') && send(response, new Uint8Array(300));
    depot.behave(wrong);
    const ran = await refusal(device, ['load']);
    expect([ran.code, ran.output]).toEqual([6, expect.stringContaining('wrong SHA-256')]);
    let lies = 1;
    depot.behave((...answer) => lies-- > 0 && wrong(...answer));
    const urls = `${depot.url} ${depot.url}/`;
    expect(await device.run(['load'], { BTFDEPOT_URL: urls })).toMatchObject({ code: 0 });
  });

  it('of what is kept, when its signature or hash is wrong', async () => {
    const first = depot.device(equipment);
    const kept = (await first.run(['prefetch'])).output.trim();
    await appendFile(kept, 'x');
    expect(await refusal(first, ['load'], AWAY)).toMatchObject({ code: 4 });
    const second = depot.device(equipment);
    await second.run(['prefetch']);
    await appendFile(second.path('var/run/btf-depot', buildId, 'manifest'), 'artifact\n');
    expect(await refusal(second, ['load'], AWAY)).toMatchObject({ code: 4 });
  });

  it('of what is kept for another kernel', async () => {
    const device = depot.device(equipment);
    const kept = (await device.run(['prefetch'])).output.trim();
    const other = buildIdOf('another device');
    await rename(dirname(kept), join(dirname(dirname(kept)), other));
    device.write('sys/kernel/notes', buildIdNote(other, 'little'));
    expect(await refusal(device, ['load'], AWAY)).toMatchObject({ code: 4 });
  });

  it('when the BTF of the kernel is another', async () => {
    const ran = await refusal(depot.device(equipment, { core: Buffer.from('BTF') }), ['load']);
    expect([ran.code, ran.output]).toEqual([6, expect.stringContaining("not the depot's core")]);
  });

  it('when the kernel has no BTF', async () => {
    const ran = await refusal(depot.device(equipment, { core: undefined }), ['load']);
    expect([ran.code, ran.output]).toEqual([7, expect.stringContaining('no BTF')]);
  });

  it('where the depot is down, or has nothing', async () => {
    const down = await refusal(depot.device(equipment), ['load'], AWAY);
    expect([down.code, down.output]).toEqual([4, expect.stringMatching(/refused|connect/i)]);
    const notes = buildIdNote('ab'.repeat(20), 'little');
    const unknown = await refusal(depot.device(equipment, { notes }), ['load']);
    expect([unknown.code, unknown.output]).toEqual([5, expect.stringContaining('no manifest')]);
  });

  it('of more bytes than it was told to take', async () => {
    const limited = await refusal(depot.device(equipment), ['load'], { BTFDEPOT_LIMIT: '100' });
    expect([limited.code, limited.output]).toEqual([
      8,
      expect.stringContaining('over BTFDEPOT_LIMIT'),
    ]);
    depot.behave(
      ({ url = '' }, response) =>
        url.endsWith('/manifest') && send(response, new Uint8Array(1 << 20)),
    );
    expect(await refusal(depot.device(equipment), ['load'])).toMatchObject({ code: 8 });
  });

  it('of an older revision than the one it has', async () => {
    const device = depot.device(equipment);
    await device.run(['prefetch']);
    depot.behave(signed(depot.manifest.replace('revision 1', 'revision 0')));
    const { code, output } = await device.run(['prefetch']);
    expect([code, output]).toEqual([6, expect.stringContaining('older')]);
    expect(await device.run(['load'], AWAY)).toMatchObject({ code: 0 });
  });

  it('in the words of the kernel, and why', async () => {
    const device = depot.device(equipment);
    device.write('refuses', 'Key was rejected by service\n');
    device.write('sys/kernel/security/lockdown', 'none [integrity] confidentiality\n');
    device.write('sys/module/module/parameters/sig_enforce', 'Y\n');
    const { code, output } = await refusal(device, ['load']);
    expect(code).toBe(7);
    for (const said of ['Key was rejected', 'locked down', 'signed modules only']) {
      expect(output).toContain(said);
    }
  });

  it('when the kernel takes the module and not its BTF', async () => {
    const device = depot.device(equipment);
    device.write('takes', 'something else');
    const { code, output } = await device.run(['load']);
    expect([code, output]).toEqual([7, expect.stringContaining('see dmesg')]);
    expect(device.has('sys/kernel/btf/btf_vmlinux_ksyms')).toBe(false);
  });

  it('without a key and without HTTPS, unless it is told not to verify', async () => {
    const device = depot.device(equipment);
    const keyless = { BTFDEPOT_KEYS: '/nowhere' };
    const ran = await refusal(device, ['load'], keyless);
    expect([ran.code, ran.output]).toEqual([6, expect.stringContaining('not trusted')]);
    expect(await device.run(['--insecure', 'load'], keyless)).toMatchObject({ code: 0 });
  });

  const verifies = equipment.shell !== 'busybox ash';
  it(`${verifies ? 'not ' : ''}of HTTPS without a key`, async () => {
    const device = depot.device(equipment);
    const settings = { BTFDEPOT_KEYS: '/nowhere', BTFDEPOT_URL: secure.url };
    const strange = await refusal(device, ['load'], settings);
    expect(strange.code).toBeOneOf([4, 6]);
    const certificate = join(folder, 'certificate');
    await writeFile(certificate, DEPOT_TEST_CERTIFICATE);
    const known = { ...settings, BTFDEPOT_CA: certificate };
    const { code } = await device.run(['load'], known);
    expect(code).toBeOneOf(verifies ? [0] : [4, 6]);
    // Files that HTTPS vouched for are not accepted without it.
    if (verifies) await device.run(['unload']);
    const away = { BTFDEPOT_KEYS: '/nowhere', ...AWAY };
    expect((await device.run(['load'], away)).code).toBe(4);
  });
});
