import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { describeOnDevices } from './testing/equipment.ts';
import { buildId, startKernelDepot, type KernelDepot } from './testing/kernel-depot.ts';
import { signed } from './testing/signed-depot.ts';

const LOADED = 'sys/kernel/btf/btf_vmlinux_ksyms';
const BUSY = 'rmmod: can not unload module: Resource temporarily unavailable';

let depot: KernelDepot;
beforeAll(async () => {
  depot = await startKernelDepot();
});
afterAll(() => depot.close());
afterEach(() => depot.behave());

describeOnDevices((equipment) => {
  /** A device whose kernel releases a module after that many attempts, without waiting. */
  const busyDevice = (attempts: number) => {
    const device = depot.device(equipment);
    const rmmod = `#!/bin/sh
echo "$1" >>"$BTFDEPOT_ROOT/attempts"
[ "$(wc -l <"$BTFDEPOT_ROOT/attempts")" -gt ${attempts} ] || { echo '${BUSY}' >&2; exit 1; }
rm "$BTFDEPOT_ROOT/sys/kernel/btf/$1"
`;
    device.write('bin/rmmod', rmmod, 0o755);
    device.write('bin/sleep', '#!/bin/sh\n', 0o755);
    return device;
  };

  it('says its version, which is that of the project', async () => {
    const { code, output } = await depot.device(equipment).run(['--version']);
    expect([code, output]).toEqual([0, `btfdepot-fetch ${packageJson.version}\n`]);
  });

  it('says which depot it asks, what is kept and what is loaded', async () => {
    const device = depot.device(equipment);
    expect((await device.run(['status'], { BTFDEPOT_URL: '' })).output).toContain('depot none\n');
    await device.run(['load']);
    const { output } = await device.run(['status']);
    for (const line of [`depot ${depot.url}`, 'kept 1', 'loaded btf_vmlinux_ksyms']) {
      expect(output).toContain(`${line}\n`);
    }
  });

  it.each([
    ['load', '--insecure'],
    ['--insecure', 'load'],
  ])('takes options before and after the verb: %s %s', async (...args) => {
    const { code, output } = await depot.device(equipment).run(args, { BTFDEPOT_KEYS: '/nowhere' });
    expect([code, output]).toEqual([0, expect.stringContaining('not verified')]);
  });

  it('tries again while a module is in use for a moment', async () => {
    const device = busyDevice(3);
    expect(await device.run(['run', '--', 'cat', '/dev/null'])).toMatchObject({ code: 0 });
    expect(device.has(LOADED)).toBe(false);
    await device.run(['load']);
    expect(await device.run(['unload'])).toMatchObject({ code: 0 });
    expect(device.has(LOADED)).toBe(false);
  });

  it('says that a module stays loaded, and fails', async () => {
    const device = busyDevice(1000);
    const run = await device.run(['run', '--', 'cat', '/dev/null']);
    expect([run.code, run.output]).toEqual([7, expect.stringContaining('stays loaded')]);
    expect(run.output).toContain(BUSY);
    expect(await device.run(['unload'])).toMatchObject({ code: 7 });
    expect(device.has(LOADED)).toBe(true);
  });

  it('ends with the status of a command that failed, though the module stays', async () => {
    const args = ['run', '--', 'grep', 'x', '/dev/null'];
    const { code, output } = await busyDevice(1000).run(args);
    expect([code, output]).toEqual([1, expect.stringContaining('stays loaded')]);
  });

  it('says that a depot has no variables of the kernel', async () => {
    const device = depot.device(equipment);
    depot.behave(signed(depot.manifest.replace(/^artifact .* \S*ksyms.*\n/gm, '')));
    const { code, output } = await device.run(['load']);
    expect([code, output]).toEqual([5, expect.stringContaining('no variables to load')]);
  });

  it('names what a device without a key needs', async () => {
    const keys = { BTFDEPOT_KEYS: '/nowhere' };
    const { code, output } = await depot.device(equipment).run(['load'], keys);
    expect([code, output]).toEqual([6, expect.stringContaining('a key of /v1/keys in /nowhere')]);
  });

  it('names what may load where the kernel wants a signature', async () => {
    const device = depot.device(equipment);
    device.write('refuses', 'Key was rejected by service\n');
    device.write('sys/module/module/parameters/sig_enforce', 'Y\n');
    const { code, output } = await device.run(['load']);
    expect(code).toBe(7);
    expect(output).toContain('this one is not signed; try with or without --all');
  });

  it('says that a kernel finds no variable by its name', async () => {
    const device = depot.device(equipment);
    const without = 'no CONFIG_KALLSYMS_ALL';
    expect((await device.run(['load'])).output).not.toContain(without);
    await device.run(['unload']);
    device.write('proc/kallsyms', '0000000000000000 T _stext\n');
    const { code, output } = await device.run(['load']);
    expect([code, output]).toEqual([0, expect.stringContaining(without)]);
  });

  it('names the kernel that no depot has', async () => {
    const device = depot.device(equipment);
    const { code, output } = await device.run(['prefetch', 'ab'.repeat(20)]);
    expect([code, output]).toEqual([5, expect.stringContaining('ab'.repeat(20))]);
    expect(output).not.toContain(buildId);
  });
});
