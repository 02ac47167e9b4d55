import type { Place } from './place.ts';

/** A package with the debug information of a kernel, as listed in an archive's index. */
export interface ArchiveItem {
  place: Place;
  /** Relative to the place. */
  path: string;
  /** Name of the package. */
  name: string;
  version: string;
  /** The archive's name for it. */
  architecture: string;
  /** As in `uname -r`. */
  release: string;
  /** Bytes. */
  size: number;
  sha256: string;
  /** Build time, if the index has it. */
  built?: Date | undefined;
  /**
   * If nobody signed the index: checks the package, on this machine, by its own signature.
   * @throws ArchiveError.
   */
  verify?: ((path: string) => Promise<void>) | undefined;
  /** Build IDs of all its files, if the index has them. */
  buildIds?: ReadonlySet<string> | undefined;
}

/** Names of architectures: the kernel's (`uname -m`), and archives' names for it. */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  x86_64: ['amd64', 'x86_64'],
  aarch64: ['arm64', 'aarch64'],
  armv7l: ['armhf', 'armv7hl'],
  arm: ['armhf', 'armv7hl'],
  i686: ['i386', 'i686'],
  ppc64le: ['ppc64el', 'ppc64le'],
  s390x: ['s390x'],
  riscv64: ['riscv64'],
  mips64: ['mips64el'],
  loongarch64: ['loong64', 'loongarch64'],
};

/** Archives' names for a machine, which may be given by any of them. */
export function archiveNames(machine: string): readonly string[] {
  const row = Object.entries(ARCHITECTURES).find(
    ([name, names]) => name === machine || names.includes(machine),
  );
  return row?.[1] ?? [machine];
}
