import type { DepotClient } from '@btf-depot/client';
import type { UnpackedUpload } from '@btf-depot/depot';
import { describeFault } from './fault.ts';
import { lookInto, pushFile, type Pushed, type Refused } from './push-file.ts';
import type { FileToPush } from './push-list.ts';
import type { PushOptions } from './push-options.ts';

/**
 * Sends files in an order in which each finds what it needs: kernels with core first, then what
 * was refused because its core was not there yet. Modules alone go to the one kernel that was sent
 * beside them. What is refused does not keep the others back; files that were found in a folder and
 * are of no use are passed over.
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
  for (const { path, isNamed } of files) {
    try {
      const { progress } = await optionsOf(nameOf(path));
      progress?.busy('unpacking');
      const found = await lookInto(path, nameOf(path)).finally(() => progress?.stop());
      looked.set(path, found);
      if (found.kernel) await push(path, found);
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
    if (found.kernel) continue;
    const options = await optionsOf(nameOf(path));
    const buildId = options.query.buildId ?? only;
    await push(path, found, {
      ...options,
      query: { ...options.query, ...(buildId !== undefined && { buildId }) },
    });
  }
  return files.flatMap(({ path }) => results.get(path) ?? []);
}
