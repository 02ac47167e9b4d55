import { PROBLEMS, withoutUndefined, type PassedOverInUpload } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import type { Compute, UploadPaths } from '../ports/compute.ts';
import type { Progress } from '../progress.ts';
import type { KernelParts, SplitOptions, StoredParts } from '../split/split-kernel.ts';
import type { OpenedKernel } from './open-upload.ts';

interface ToSplit {
  paths: UploadPaths;
  options: SplitOptions;
  opened: OpenedKernel;
}

export interface SplitFiles {
  parts: KernelParts;
  /** From the kernel's separate debug file, on the same core. */
  debug?: KernelParts | undefined;
  passedOver: PassedOverInUpload[];
}

/**
 * Splits a kernel, then its separate debug file. Nobody named that file, so it is ignored if it
 * does not fit.
 */
export async function splitAll(
  compute: Pick<Compute, 'split'>,
  { paths, options, opened }: ToSplit,
  signal: AbortSignal,
  progress?: Progress,
): Promise<SplitFiles> {
  const { debug, fullCameAlong, kernel } = opened;
  const passedOver: PassedOverInUpload[] = [];
  const split = (files: UploadPaths, how = options) => compute.split(files, how, signal, progress);
  const orPassOver = async (name: string | undefined, work: () => Promise<KernelParts>) => {
    try {
      return await work();
    } catch (error) {
      // A temporary failure is no fault of the file.
      if (!(error instanceof DepotError) || PROBLEMS[error.code].status >= 500) throw error;
      const { code, message: reason } = error;
      passedOver.push({ part: 'kernel', code, reason, name, count: 1 });
      return undefined;
    }
  };
  const isOptional = fullCameAlong === true && kernel?.hasBtf === true;
  const { full, ...withoutFull } = paths;
  const parts =
    isOptional && full !== undefined
      ? ((await orPassOver(undefined, () => split(paths))) ?? (await split(withoutFull)))
      : await split(paths);
  if (!debug) return { parts, passedOver };
  const { buildId, delivery } = parts;
  const more = await orPassOver(debug.name, () =>
    split({ kernel: debug.path, stored: storedOf(parts) }, { ...options, buildId, delivery }),
  );
  return { parts, debug: more, passedOver };
}

function storedOf({ core, vars, symbols, carrier: { load, links } }: KernelParts): StoredParts {
  return {
    core: core.bytes,
    vars,
    symbols,
    links,
    load: load && withoutUndefined<StoredParts['load'] & object>({ ...load }),
  };
}
