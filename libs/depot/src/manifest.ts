import type { ArtifactName, Delivery } from '@btf-depot/contracts';

/**
 * The text that a device trusts, a line each, fields separated by one space, so that POSIX sh can
 * read it: it names the kernel and its revision, so no other kernel's manifest passes for it, and
 * the core, by whose hash a device compares its own BTF before it loads anything.
 */
export function manifest(
  kernel: { buildId: string; revision: number; delivery: Delivery; core: { sha256: string } },
  artifacts: [name: ArtifactName, entry: { sha256: string; size: number }][],
): string {
  return [
    'btf-depot-manifest 1',
    `build-id ${kernel.buildId}`,
    `revision ${kernel.revision}`,
    `delivery ${kernel.delivery}`,
    `core-sha256 ${kernel.core.sha256}`,
    ...artifacts.map(([name, { sha256, size }]) => `artifact ${sha256} ${size} ${name}`),
    '',
  ].join('\n');
}

/** What `sha256sum -c` reads. */
export function sha256Sums(artifacts: [name: ArtifactName, sha256: string][]): string {
  return artifacts.map(([name, sha256]) => `${sha256}  ${name}\n`).join('');
}
