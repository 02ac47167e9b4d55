import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMinisig, encodePublicKey, encodeSignature } from '@btf-depot/contracts';
import { createSecretKey, openSecretKey, type SigningKey } from '@btf-depot/depot';
import { buildIdNote, buildIdOf, loadableKernel } from '@btf-depot/testing';
import { btfdepot, startProcess, urlOf } from '@btf-depot/testing/processes';
import { Device, type DeviceInput, type Equipment } from './device.ts';
import { send, startFaultyDepot, type Fault, type FaultyDepot } from './faulty-depot.ts';

export const buildId = buildIdOf('a device');
const secretKey = createSecretKey();
const key = openSecretKey(secretKey);

/** An embedded depot that has the kernel of a device, behind one that can do harm. */
export interface KernelDepot extends FaultyDepot {
  /** What its kernel has, and what a carrier brings. */
  readonly core: Uint8Array;
  readonly ksyms: Uint8Array;
  /** `btf_vmlinux.ko`. */
  readonly carrier: Uint8Array;
  /** Its manifest. */
  readonly manifest: string;
  /** A device with that kernel and the depot's key; removed on `close`. */
  device(equipment: Equipment, input?: Partial<DeviceInput>): Device;
}

/** @param options how the kernel is pushed. */
export async function startKernelDepot(...options: string[]): Promise<KernelDepot> {
  const folder = await mkdtemp(join(tmpdir(), 'btf-depot-device-'));
  const { vmlinux, full } = loadableKernel(buildId);
  await writeFile(join(folder, 'vmlinux'), vmlinux);
  await writeFile(join(folder, 'full.btf'), full);
  await writeFile(join(folder, 'depot.sec'), secretKey, { mode: 0o600 });
  const server = startProcess('apps/cli/src/main.ts', ['serve', '--port', '0'], {
    BTFDEPOT_DATA: join(folder, 'data'),
    BTFDEPOT_SIGNING_KEYS: join(folder, 'depot.sec'),
  });
  const url = await urlOf(server);
  const files = ['vmlinux', '--full', 'full.btf'];
  const sent = await btfdepot(['push', '--url', url, ...files, ...options], folder);
  if (sent.code !== 0) throw new Error(sent.output);
  const get = async (name: string) => {
    const answer = await fetch(`${url}/v1/kernels/${buildId}/${name}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const depot = await startFaultyDepot(url);
  const devices: Device[] = [];
  const [core, ksyms] = [await get('vmlinux.btf'), await get('vmlinux.ksyms.btf')];
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
      device.write('etc/btf-depot/keys/depot.pub', encodePublicKey(key.publicKey));
      device.write('takes', ksyms);
      return device;
    },
    async close() {
      for (const device of devices) device.remove();
      await depot.close();
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** This for the manifest of the device's kernel, signed with the depot's key or another. */
export function signed(text: string, by = key): Fault {
  return ({ url = '' }, response) => {
    const [, form] = /\/manifest(?:\.(sig|minisig))?$/.exec(url) ?? [undefined, 'none'];
    if (form === 'none') return false;
    return send(response, form === undefined ? text : signatureFile(form, text, by));
  };
}

function signatureFile(form: string, text: string, by: SigningKey): string {
  const signature = { number: by.publicKey.number, bytes: by.sign(Buffer.from(text)) };
  if (form === 'sig') return encodeSignature(signature, 'made by a test');
  const trusted = 'made by a test';
  const global = by.sign(Buffer.concat([signature.bytes, Buffer.from(trusted)]));
  return encodeMinisig(signature, trusted, trusted, global);
}
