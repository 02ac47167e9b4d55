import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesSource } from '@btf-depot/bytes';
import { readModinfo } from '@btf-depot/carrier';
import { compressionOf, decompress } from '@btf-depot/codec';
import { readElf } from '@btf-depot/elf';
import type { ArchiveFile } from './cpio.ts';
import { busyboxPath } from '../programs/programs.ts';

/** The guest's address of the host port in `BootInput.hostPort`. */
export const HOST_URL = 'http://10.0.2.100';

/** The drivers of QEMU's network card; a kernel may have some of them built in. */
const WANTED = ['virtio_pci', 'virtio_mmio', 'virtio_net'];
const MODULE_LIMIT = 16 << 20;

/** Arguments of QEMU for a network with only one port of this machine's loopback. */
export async function networkArguments(device: string, port: number): Promise<string[]> {
  const forward = `cmd:${await busyboxPath()} nc 127.0.0.1 ${port}`;
  const net = `user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:80-${forward}`;
  return ['-netdev', net, '-device', `${device},netdev=net`];
}

/** The modules of a kernel's package for that card, as files in loading order. */
export async function networkModules(folder: string): Promise<ArchiveFile[]> {
  const found = new Map<string, Uint8Array>();
  const add = async (name: string): Promise<void> => {
    const [path] = globSync(join(folder, `kernel/**/${name}.ko*`));
    if (path === undefined || found.has(name)) return;
    const bytes = await unpacked(path);
    for (const needed of dependencies(bytes)) await add(needed);
    found.set(name, bytes);
  };
  for (const name of WANTED) await add(name);
  return Array.from(found.values(), (bytes, index) => ({
    path: `lab/network/${String(index).padStart(2, '0')}.ko`,
    bytes,
  }));
}

/** For the guest's init: loads those modules, and gives the card QEMU's address for the guest. */
export const NETWORK_SCRIPT = `for module in /lab/network/*.ko; do insmod $module; done
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up`;

async function unpacked(path: string): Promise<Uint8Array> {
  const bytes = readFileSync(path);
  const format = compressionOf(bytes);
  if (!format) return bytes;
  const parts: Uint8Array[] = [];
  for await (const part of decompress(format, [bytes], { limit: MODULE_LIMIT })) parts.push(part);
  return Buffer.concat(parts);
}

function dependencies(module: Uint8Array): string[] {
  const elf = readElf(bytesSource(module));
  const section = elf.section('.modinfo');
  const fields = section ? readModinfo(elf.bytes(section)) : [];
  const depends = fields.find(({ key }) => key === 'depends')?.value ?? '';
  return depends.split(',').filter((name) => name !== '');
}
