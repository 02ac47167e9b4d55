import { withUnpacked } from './local-file.ts';
import { runningKernel } from './running-kernel.ts';

/** The flags that stand for a build ID. */
export interface KernelFlags {
  running?: boolean;
  of?: string;
}

/** The build ID that the flags mean; undefined where there are none. */
export async function buildIdByFlags({ of, running }: KernelFlags): Promise<string | undefined> {
  if (of !== undefined) {
    const found = await withUnpacked(of, (unpacked) => Promise.resolve(unpacked));
    const buildId = found.kernel?.buildId;
    if (buildId === undefined) throw new Error(`${of} does not say its build ID`);
    return buildId;
  }
  if (running !== true) return undefined;
  const kernel = await runningKernel();
  if (!kernel) throw new Error('this system does not show its build ID in /sys/kernel/notes');
  return kernel.buildId;
}
