import { splitPaths } from '@btf-depot/compute';
import { withoutUndefined } from '@btf-depot/contracts';
import {
  buildsOf,
  splitAll,
  type KernelParts,
  type OnUnit,
  type SplitOptions,
  type UnpackedUpload,
} from '@btf-depot/depot';
import { withUnpacked } from './local-file.ts';
import { shownName, SpecialFiles } from './special-file.ts';

export interface KernelFiles {
  /** A file with a kernel: a vmlinux, an image, a package, an archive. */
  kernel: string;
  /** BTF with all variables; if absent, the kernel's DWARF is read. */
  full?: string | undefined;
  /** Any module of the same build. */
  module?: string | undefined;
}

export interface SplitHere {
  parts: KernelParts;
  /** Files beside the kernel that did not fit, a sentence each. */
  passedOver: string[];
}

/**
 * The parts that a depot would make of these files and of those beside the kernel in its archive.
 * @throws DepotError as the depot would; an error if the file has no kernel, or several.
 */
export async function splitFiles(
  { kernel: named, full, module }: KernelFiles,
  options: SplitOptions,
  onUnit?: OnUnit,
): Promise<SplitHere> {
  await using special = new SpecialFiles();
  const path = await special.regular(named);
  const fullPath = full === undefined ? undefined : await special.regular(full);
  const modulePath = module === undefined ? undefined : await special.regular(module);
  const use = async (found: UnpackedUpload): Promise<SplitHere> => {
    const { builds, unused } = buildsOf(found);
    const [build, ...others] = builds;
    if (!build) throw new Error(`${shownName(named)} has no kernel`);
    if (others.length > 0) {
      const names = builds.map(({ kernel: { name, buildId } }) => name ?? buildId ?? 'one');
      throw new Error(
        `${shownName(named)} has ${builds.length} kernels, unpack one of them: ${names.join(', ')}`,
      );
    }
    const mapCameAlong = build.map !== undefined;
    const paths = {
      kernel: build.kernel.path,
      full: fullPath ?? build.full?.path,
      module: modulePath ?? build.module?.path,
      map: build.map?.path,
      mapCameAlong,
    };
    const { kernel, debug } = build;
    const opened = { kernel, debug, fullCameAlong: fullPath === undefined, mapCameAlong };
    const {
      parts,
      debug: more,
      passedOver,
    } = await splitAll(
      { split: (files, how) => new Promise((done) => done(splitPaths(files, how, { onUnit }))) },
      { paths, options, opened },
      new AbortController().signal,
    );
    return {
      parts: more ? { ...parts, ...withoutUndefined<Partial<KernelParts>>({ ...more }) } : parts,
      passedOver: [
        ...unused.map(({ file, reason }) => `${file.name ?? file.kind}: ${reason}`),
        ...[...found.passedOver, ...passedOver].map(
          ({ name = 'a file', reason, count }) =>
            `${name}${count > 1 ? ` and ${count - 1} more` : ''}: ${reason}`,
        ),
      ],
    };
  };
  return await withUnpacked(path, use, shownName(named));
}
