import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT, PUBLIC_KEY } from '@btf-depot/device';
import { guestProgram } from '../programs/guest-program.ts';
import { HOST_URL, type ArchiveFile } from '../index.ts';

const PLACE = join(CLIENT, '../btfdepot-place');
const MODPROBE = join(CLIENT, '../modprobe.conf');

/**
 * The device client with its settings and a key, and programs that busybox lacks: a verifier, kmod.
 */
export async function deviceFiles(architecture: string): Promise<ArchiveFile[]> {
  const text = (path: string, content: string): ArchiveFile => ({
    path,
    bytes: Buffer.from(content),
  });
  return [
    { path: 'usr/sbin/btfdepot-fetch', bytes: readFileSync(CLIENT), executable: true },
    { path: 'usr/sbin/btfdepot-place', bytes: readFileSync(PLACE) },
    text('etc/btf-depot/fetch.conf', `BTFDEPOT_URL=${HOST_URL}\n`),
    text('etc/btf-depot/keys/depot.pub', PUBLIC_KEY),
    { path: 'etc/modprobe.d/btf-depot.conf', bytes: readFileSync(MODPROBE) },
    ...(await guestProgram('signify', 'bin/signify-openbsd', { architecture })),
    ...(await guestProgram('kmod', 'bin/kmod', { architecture })),
  ];
}
