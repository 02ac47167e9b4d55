import type { DepotClient } from '@btf-depot/client';
import type { UnpackedUpload } from '@btf-depot/depot';
import { describeFault } from '../../terminal/fault.ts';
import { lookInto, pushFile, type Pushed, type Refused } from './push-file.ts';
import type { FileToPush } from './push-list.ts';
import type { PushOptions } from './push-options.ts';

/**
 * Sends files in an order in which each finds what it needs: kernels with core first, then files
 * that were refused because their core was missing. Modules alone, and BTF with variables, go to
 * the one kernel that was sent with them. A refusal does not stop the others; useless files from a
 * folder are passed over.
 */
export async function pushFiles(
  client: DepotClient,
  files: readonly FileToPush[],
  optionsOf: (file: string) => PushOptions | Promise<PushOptions>,
): Promise<(Pushed | Refused)[]> {
  const results = new Map<string, (Pushed | Refused)[]>();
  const names = new Map(files.map(({ path, name }) => [path, name]));
  const nameOf = (path: string) => names.get(path) ?? path;
  const push = async (path: string, found: UnpackedUpload, given?: PushOptions) => {
    const file = nameOf(path);
    try {
      const options = given ?? (await optionsOf(file));
      const pushed = await pushFile(client, path, options, found);
      results.set(
        path,
        pushed.map((one) => ({ ...one, file })),
      );
    } catch (error) {
      results.set(path, [{ file, error: describeFault(error) }]);
    }
  };
  const looked = new Map<string, UnpackedUpload>();
  const withBuildId = new Set<string>();
  /** BTF with variables, which does not name its kernel, is the full BTF of the one beside it. */
  const isFull = (path: string, { kernel }: UnpackedUpload) =>
    kernel?.hasVariables === true && !withBuildId.has(path) && files.length > 1;
  for (const { path, isNamed } of files) {
    try {
      const { progress, query } = await optionsOf(nameOf(path));
      if (query.buildId !== undefined) withBuildId.add(path);
      progress?.busy('unpacking');
      const found = await lookInto(path, nameOf(path)).finally(() => progress?.stop());
      looked.set(path, found);
      if (found.kernel && !isFull(path, found)) await push(path, found);
    } catch (error) {
      if (isNamed) results.set(path, [{ file: nameOf(path), error: describeFault(error) }]);
    }
  }
  for (const [path, found] of looked) {
    const isWaiting = (one: Pushed | Refused) => 'error' in one && one.error.code === 'no-core';
    if (results.get(path)?.some(isWaiting)) await push(path, found);
  }
  const sent = [...results.values()].flat().filter((result) => 'status' in result);
  const buildIds = new Set(sent.map(({ status }) => status.buildId));
  const [only] = buildIds.size === 1 ? buildIds : [];
  for (const [path, found] of looked) {
    if (found.kernel && !isFull(path, found)) continue;
    const all = await optionsOf(nameOf(path));
    const named = files.find((file) => file.path === path)?.as;
    const as = named ?? (found.kernel && only !== undefined ? 'full' : undefined);
    // Files named beside the kernel went with it.
    const none = { full: undefined, module: undefined, map: undefined, carrier: undefined };
    const options: PushOptions = as ? { ...all, ...none, splitHere: false, as } : all;
    const buildId = options.query.buildId ?? only;
    const query = buildId === undefined ? options.query : { ...options.query, buildId };
    await push(path, found, { ...options, query });
  }
  return files.flatMap(({ path }) => results.get(path) ?? []);
}
