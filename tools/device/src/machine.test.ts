import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnDevices } from './testing/equipment.ts';

import { startKernelDepot, type KernelDepot } from './testing/kernel-depot.ts';
let depot: KernelDepot;
beforeAll(async () => {
  depot = await startKernelDepot();
});
afterAll(() => depot.close());

// The client runs as root on devices, and perhaps in these tests: none may affect this machine.
describeOnDevices((equipment) => {
  it('no shell of a device has a capability of this machine', async () => {
    const { output } = await depot.device(equipment).run(['run', '--', 'cat', '/proc/self/status']);
    expect(output).toMatch(/^CapEff:\t0+$/m);
    expect(output).toMatch(/^CapPrm:\t0+$/m);
  });

  it.each(['insmod', 'rmmod'])('each shell of a device runs the %s of the device', async (name) => {
    const device = depot.device(equipment);
    await device.run(['load']);
    device.write(`bin/${name}`, '#!/bin/sh\necho "of the device: $*"\n', 0o755);
    const { output } = await device.run(['run', '--', name, '/nowhere']);
    expect(output).toContain('of the device: /nowhere\n');
  });
});
