import { writeFile } from 'node:fs/promises';
import { buildIdNote, buildIdOf, loadableKernel } from '@btf-depot/testing';
import { TemporaryFolder } from '@btf-depot/testing/temporary-folder';
import { Device, type DeviceInput, type Equipment } from './device.ts';
import { PUBLIC_KEY, startSignedDepot, type SignedDepot } from './signed-depot.ts';

export const buildId = buildIdOf('a device');

/** A depot with the kernel of a device. */
export interface KernelDepot extends SignedDepot {
  /** The kernel's own BTF, and a carrier's. */
  readonly core: Uint8Array;
  readonly ksyms: Uint8Array;
  /** `btf_vmlinux.ko`. */
  readonly carrier: Uint8Array;
  readonly manifest: string;
  /** A device with that kernel and the depot's key; removed on `close`. */
  device(equipment: Equipment, input?: Partial<DeviceInput>): Device;
}

/** @param options how the kernel is pushed. */
export async function startKernelDepot(...options: string[]): Promise<KernelDepot> {
  using folder = new TemporaryFolder();
  const [vmlinux, full] = [folder.at('vmlinux'), folder.at('full.btf')];
  const kernel = loadableKernel(buildId);
  await writeFile(vmlinux, kernel.vmlinux);
  await writeFile(full, kernel.full);
  const depot = await startSignedDepot(vmlinux, '--full', full, ...options);
  const get = (name: string) => depot.get(`/v1/kernels/${buildId}/${name}`);
  const core = await get('vmlinux.btf');
  // There are none if the kernel has no BTF of its own.
  const ksyms = await get('vmlinux.ksyms.btf').catch(() => Buffer.alloc(0));
  const devices: Device[] = [];
  return {
    ...depot,
    core,
    ksyms,
    carrier: await get('btf_vmlinux.ko'),
    manifest: (await get('manifest')).toString(),
    device(equipment, input = {}) {
      const device = new Device({
        ...equipment,
        notes: buildIdNote(buildId, 'little'),
        core,
        settings: { BTFDEPOT_URL: depot.url },
        ...input,
      });
      devices.push(device);
      device.write('etc/btf-depot/keys/depot.pub', PUBLIC_KEY);
      device.write('takes', ksyms);
      return device;
    },
    async close() {
      for (const device of devices) device.remove();
      await depot.close();
    },
  };
}
