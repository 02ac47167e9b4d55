import { existsSync } from 'node:fs';
import type { DepotClient } from '@btf-depot/client';
import { isBuildId } from '@btf-depot/contracts';
import { withUnpacked } from '../files/local-file.ts';
import { needLinux, runningKernel } from './running-kernel.ts';
import { SHORTENED } from '../options/build-ids.ts';
import { UsageError } from '../options/usage-error.ts';

/** The flags that give a build ID. */
export interface KernelFlags {
  running?: boolean;
  of?: string;
}

/** Whether a word names a kernel of a depot, and no file. */
export function namesKernel(word: string): boolean {
  return isBuildId(word) || (SHORTENED.test(word) && !existsSync(word));
}

/** @throws UsageError as `findBuildId` does; an error if the depot has no such kernel. */
export async function wholeBuildId(client: DepotClient, word: string): Promise<string> {
  const found = await findBuildId(client, word);
  if (found !== undefined) return found;
  if (isBuildId(word)) return word;
  throw new Error(`the depot has no kernel whose build ID begins with ${word}`);
}

/**
 * The whole build ID, if exactly one in the depot begins so.
 * @throws UsageError if several do.
 */
export async function findBuildId(client: DepotClient, word: string): Promise<string | undefined> {
  if (!SHORTENED.test(word)) return word;
  const { kernels } = await client.kernelPage({ buildId: word }, { limit: 5 });
  const buildIds = kernels.map(({ buildId }) => buildId);
  if (buildIds.includes(word)) return word;
  if (buildIds.length > 1) {
    throw new UsageError(`several build IDs begin with ${word}: ${buildIds.join(', ')}`);
  }
  return buildIds[0];
}

/**
 * The kernel of the flags, else of the first word, and the remaining words.
 * @throws UsageError if neither names one.
 */
export async function kernelAndNames(
  flags: KernelFlags,
  first: string | undefined,
  rest: string[],
): Promise<{ kernel: string; names: string[] }> {
  const byFlag = await buildIdByFlags(flags);
  const kernel = byFlag ?? first;
  if (kernel === undefined) throw new UsageError('name a build ID or a file, or use --running');
  return { kernel, names: byFlag !== undefined && first !== undefined ? [first, ...rest] : rest };
}

/** The build ID of the flags; undefined if there are none. */
export async function buildIdByFlags({ of, running }: KernelFlags): Promise<string | undefined> {
  if (of !== undefined) {
    const found = await withUnpacked(of, (unpacked) => Promise.resolve(unpacked));
    const buildId = found.kernel?.buildId;
    if (buildId === undefined) throw new Error(`${of} does not contain its build ID`);
    return buildId;
  }
  if (running !== true) return undefined;
  needLinux('--running');
  const kernel = await runningKernel();
  if (!kernel) throw new Error('this system has no build ID in /sys/kernel/notes');
  return kernel.buildId;
}
