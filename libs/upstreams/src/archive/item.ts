import type { Place } from './place.ts';

/** A package with the debug information of a kernel, as an archive's index has it. */
export interface ArchiveItem {
  place: Place;
  /** Within the place. */
  path: string;
  /** Of the package. */
  name: string;
  version: string;
  /** As the archive calls it. */
  architecture: string;
  /** As `uname -r` has it. */
  release: string;
  /** Bytes. */
  size: number;
  sha256: string;
  /** When it was built, if the index says it. */
  built?: Date | undefined;
  /** All that its files have, if the index says them. */
  buildIds?: ReadonlySet<string> | undefined;
}

/** Names of architectures: the kernel's (`uname -m`), and those that archives have for it. */
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

/** What archives call a machine, which may be named as one of them does. */
export function archiveNames(machine: string): readonly string[] {
  const row = Object.entries(ARCHITECTURES).find(
    ([name, names]) => name === machine || names.includes(machine),
  );
  return row?.[1] ?? [machine];
}
