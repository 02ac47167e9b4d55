import { describe, it } from 'vitest';
import { missingFor, type Equipment } from './device.ts';

/** Shell, downloader, verifier and decompressors of each differ. */
const equipments: Readonly<Record<string, Equipment>> = {
  'busybox ash and wget, signify': { shell: 'busybox ash', programs: ['signify-openbsd'] },
  'dash, curl, openssl, xz': { shell: 'dash', programs: ['curl', 'openssl', 'xzcat'] },
  'dash, GNU wget, minisign': { shell: 'dash', programs: ['wget', 'minisign'] },
};

/** `describe` for every kind of device; kinds whose programs this machine lacks are skipped. */
export function describeOnDevices(body: (equipment: Equipment) => void): void {
  for (const [name, equipment] of Object.entries(equipments)) {
    const missing = missingFor(equipment);
    describe(name, () => {
      if (missing.length === 0) body(equipment);
      else if (process.env.CI === 'true') throw new Error(`not here: ${missing.join(', ')}`);
      else it.skip(`needs ${missing.join(', ')}`);
    });
  }
}
