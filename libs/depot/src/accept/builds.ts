import type { BesideKernel, KernelFile, UnpackedUpload } from './unpack-upload.ts';

/** One kernel of a file, with the files of the same build beside it. */
export interface Build {
  kernel: KernelFile;
  /** Another file of the kernel, with the debug information that the first lacks. */
  debug?: KernelFile | undefined;
  /** Bare BTF, which may be the kernel's with all variables. */
  full?: KernelFile | undefined;
  module?: BesideKernel | undefined;
  map?: BesideKernel | undefined;
}

/** An unused kernel file, and the reason. */
export interface Unused {
  code: 'same-kernel' | 'btf-beside-kernel';
  reason: string;
  file: KernelFile;
}

/**
 * The kernels of a file, each once: files with one build ID are one kernel. Modules and maps go to
 * the kernel of their release; if there is only one kernel, all go to it.
 */
export function buildsOf({
  kernels,
  modules,
  maps,
}: Pick<UnpackedUpload, 'kernels' | 'modules' | 'maps'>): { builds: Build[]; unused: Unused[] } {
  const unused: Unused[] = [];
  const builds: Build[] = [];
  const bare: KernelFile[] = [];
  for (const file of kernels) {
    const same = builds.find(
      ({ kernel }) => file.buildId !== undefined && kernel.buildId === file.buildId,
    );
    if (file.kind === 'btf') bare.push(file);
    else if (!same) builds.push({ kernel: file });
    else if (!same.debug && addsTo(same.kernel, file)) same.debug = file;
    else unused.push(sameKernel(file));
  }
  const [first, ...others] = builds;
  if (!first) {
    const [btf, ...more] = bare;
    if (btf) builds.push({ kernel: btf });
    unused.push(...more.map((file) => btfBeside(file, 'BTF does not contain a build ID')));
  } else if (others.length > 0) {
    unused.push(
      ...bare.map((file) => btfBeside(file, 'it does not show which kernel it belongs to')),
    );
  } else {
    first.full = bare.find((file) => isFullOf(first, file));
    const left = bare.filter((file) => file !== first.full);
    unused.push(...left.map((file) => btfBeside(file, 'the kernel does not need it')));
  }
  const isOnly = builds.length === 1;
  for (const build of builds) {
    const release = build.kernel.release ?? build.debug?.release;
    build.module = ofRelease(modules, release, isOnly);
    build.map = ofRelease(maps, release, isOnly);
  }
  return { builds, unused };
}

/** A debug file, as `objcopy --only-keep-debug` writes it, completes a stripped kernel. */
function addsTo(kernel: KernelFile, { kind, hasDwarf }: KernelFile): boolean {
  return kind === 'elf' && hasDwarf === true && !kernel.hasDwarf;
}

/** The core that the kernel lacks, or variables that no other file has. */
function isFullOf({ kernel, debug }: Build, { hasVariables }: KernelFile): boolean {
  return !kernel.hasBtf || (hasVariables === true && !kernel.hasDwarf && !debug);
}

function ofRelease(
  files: readonly BesideKernel[],
  release: string | undefined,
  isOnly: boolean,
): BesideKernel | undefined {
  const found = files.find((file) => release !== undefined && file.release === release);
  return found ?? (isOnly ? files[0] : undefined);
}

function sameKernel(file: KernelFile): Unused {
  return { code: 'same-kernel', reason: 'another file of the same kernel was used', file };
}

function btfBeside(file: KernelFile, why: string): Unused {
  const reason = `${why}; send it as part \`full\` of its kernel, or alone with its build ID`;
  return { code: 'btf-beside-kernel', reason, file };
}
