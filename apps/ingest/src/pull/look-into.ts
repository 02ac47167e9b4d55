import { stat } from 'node:fs/promises';
import { PROBLEMS } from '@btf-depot/contracts';
import { DepotError } from '@btf-depot/depot';
import { isPacked } from '../upload/is-packed.ts';
import type { PullDeps } from './pull-kernel.ts';

/**
 * Looks for kernels in files of this machine, as uploads are looked into: on a thread, for a client
 * of the fair queue, with room reserved for what is unpacked.
 */
export function lookingInto({
  compute,
  staging,
  space,
}: Pick<PullDeps, 'compute' | 'staging' | 'space'>) {
  return (name: string) =>
    async (path: string): Promise<readonly string[]> => {
      const { size } = await stat(path);
      const reserved = await space.reserve(size);
      if (await isPacked(path)) await reserved.unpacks(size);
      const client = compute.for(`upstream:${name}`);
      const { signal } = new AbortController();
      try {
        return await staging.withFolder(async (folder) => {
          const { kernels } = await client.unpack('kernel', path, folder, signal);
          return kernels.flatMap(({ buildId }) => buildId ?? []);
        });
      } catch (error) {
        // No kernel, or one that no upload could bring.
        if (error instanceof DepotError && PROBLEMS[error.code].status < 500) return [];
        throw error;
      }
    };
}
