import { chmodSync, globSync, readFileSync, rmSync } from 'node:fs';
import { createSecretKey, openSecretKey } from '@btf-depot/depot';
import { inPath } from '@btf-depot/services/provision';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeOnDevices } from './testing/equipment.ts';
import { send, type Fault } from './testing/faulty-depot.ts';
import { startKernelDepot, type KernelDepot } from './testing/kernel-depot.ts';
import { KEY_NUMBER, PUBLIC_KEY, signed } from './testing/signed-depot.ts';

const TOKEN = 'btfd_0123456789';

let depot: KernelDepot;
beforeAll(async () => {
  depot = await startKernelDepot();
});
afterAll(() => depot.close());
afterEach(() => depot.behave());

/** Answers only clients with the token. */
const isPrivate: Fault = ({ headers }, response) =>
  headers.authorization !== `Bearer ${TOKEN}` && send(response, '', { status: 401 });

describeOnDevices((equipment) => {
  it('takes what one of its keys signed beside the first key of the depot', async () => {
    const device = depot.device(equipment);
    depot.behave(signed(depot.manifest, openSecretKey(createSecretKey())));
    expect(await device.run(['load'])).toMatchObject({ code: 6 });
    device.write(`etc/btf-depot/keys/${KEY_NUMBER}.pub`, PUBLIC_KEY);
    expect(await device.run(['load'])).toMatchObject({ code: 0 });
    expect(depot.requests.join('\n')).toMatch(`/manifest.${KEY_NUMBER}.`);
    // Without a depot, the device insists on that signature.
    await device.run(['unload']);
    const away = { BTFDEPOT_URL: 'http://127.0.0.1:1' };
    expect(await device.run(['load'], away)).toMatchObject({ code: 0 });
  });

  const downloader = equipment.programs.find((name) => name === 'curl' || name === 'wget');

  it(`${downloader === undefined ? 'has no way to show' : 'shows'} a token to a private depot`, async () => {
    const device = depot.device(equipment);
    depot.behave(isPrivate);
    expect(await device.run(['load'])).toMatchObject({ code: 4 });
    device.write('etc/btf-depot/token', `${TOKEN}\n`, 0o600);
    if (downloader === undefined) {
      const { code, output } = await device.run(['load']);
      expect([code, output]).toEqual([4, expect.stringContaining('401')]);
      return;
    }
    // Everybody can see a command line. One file each: the client limits what is written.
    rmSync(device.path('bin', downloader));
    const real = inPath(downloader);
    const spy = `#!/bin/sh\necho "$*" >"$BTFDEPOT_ROOT/call-$$"\nexec ${real} "$@"\n`;
    device.write(`bin/${downloader}`, spy, 0o755);
    expect(await device.run(['load'])).toMatchObject({ code: 0 });
    const calls = globSync(device.path('call-*'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('');
    expect(calls).toContain('/blobs/');
    expect(calls).not.toContain(TOKEN);
  });

  it.skipIf(downloader === undefined)('shows it to no other depot', async () => {
    const device = depot.device(equipment);
    device.write('etc/btf-depot/token', TOKEN, 0o600);
    depot.behave(isPrivate);
    const urls = { BTFDEPOT_URL: `http://127.0.0.1:1 ${depot.url}` };
    expect(await device.run(['load'], urls)).toMatchObject({ code: 4 });
  });

  it('takes no token from a file that others may read', async () => {
    const device = depot.device(equipment);
    device.write('etc/btf-depot/token', TOKEN, 0o600);
    chmodSync(device.path('etc/btf-depot/token'), 0o644);
    const { code, output } = await device.run(['load']);
    expect([code, output]).toEqual([6, expect.stringContaining('not of mode 600')]);
  });
});
