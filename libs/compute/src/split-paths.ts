import {
  splitKernel,
  type KernelParts,
  type OnUnit,
  type SplitOptions,
  type UploadPaths,
} from '@btf-depot/depot';
import { openFileSource } from './file-source.ts';
import type { Guard } from './memory-guard.ts';

/** `splitKernel` of files by their paths. @throws as that does. */
export function splitPaths(
  { stored, mapCameAlong = false, ...paths }: UploadPaths,
  options: SplitOptions,
  { guard, onUnit }: { guard?: Guard | undefined; onUnit?: OnUnit | undefined } = {},
): KernelParts {
  using files = new DisposableStack();
  const sources = Object.entries(paths).flatMap(([part, path]) =>
    path === undefined ? [] : [[part, files.use(openFileSource(path, guard))] as const],
  );
  const input = { ...Object.fromEntries(sources), mapCameAlong, stored };
  return splitKernel(input, options, onUnit);
}
