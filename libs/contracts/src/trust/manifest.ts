import type { ArtifactName } from '../artifact.ts';
import { isBuildId, isSha256 } from '../build-id.ts';
import { DELIVERIES, type Delivery } from '../record/record.ts';

/** The content of a manifest. */
export interface ManifestKernel {
  buildId: string;
  revision: number;
  delivery: Delivery;
  core: { sha256: string };
  /** Artifacts that depend on a claim: see `claimedArtifacts`. */
  claimed?: readonly string[] | undefined;
}

export interface Manifest extends ManifestKernel {
  /** By name; `size` in bytes. */
  artifacts: Map<string, { sha256: string; size: number }>;
}

const HEAD = 'btf-depot-manifest 1';

/**
 * The text that a device trusts: one item a line, fields separated by one space, so that POSIX sh can
 * read it. It names the kernel and its revision, so another kernel's manifest cannot pass for it,
 * and core by its hash, with which a device compares its own BTF before it loads anything.
 */
export function manifest(
  kernel: ManifestKernel,
  artifacts: [name: ArtifactName, entry: { sha256: string; size: number }][],
): string {
  const claimed = artifacts.map(([name]) => name).filter((name) => kernel.claimed?.includes(name));
  return [
    HEAD,
    `build-id ${kernel.buildId}`,
    `revision ${kernel.revision}`,
    `delivery ${kernel.delivery}`,
    `core-sha256 ${kernel.core.sha256}`,
    // One line: earlier versions refuse a repeated kind of line.
    ...(claimed.length > 0 ? [`claimed ${claimed.join(' ')}`] : []),
    ...artifacts.map(([name, { sha256, size }]) => `artifact ${sha256} ${size} ${name}`),
    '',
  ].join('\n');
}

/**
 * Unknown kinds of lines are ignored; a repeated kind is refused.
 * @throws SyntaxError if the text is not a manifest.
 */
export function parseManifest(text: string): Manifest {
  const [head, ...lines] = text.split('\n');
  if (head !== HEAD) throw new SyntaxError(`a manifest begins with ${HEAD}`);
  const fields = new Map<string, string>();
  const artifacts: Manifest['artifacts'] = new Map();
  for (const line of lines) {
    const at = line.indexOf(' ');
    const [kind, value] = [line.slice(0, at), line.slice(at + 1)];
    if (kind === 'artifact') {
      const [, sha256 = '', size = '', name = ''] =
        /^([0-9a-f]{64}) (\d{1,15}) ([\w.-]{1,128})$/.exec(value) ?? [];
      if (name === '' || artifacts.has(name)) throw new SyntaxError('a malformed artifact line');
      artifacts.set(name, { sha256, size: Number(size) });
    } else if (fields.has(kind)) throw new SyntaxError(`${kind} comes twice`);
    else fields.set(kind, value);
  }
  const { 'build-id': buildId = '', revision = '', delivery = '' } = Object.fromEntries(fields);
  const sha256 = fields.get('core-sha256') ?? '';
  if (!isBuildId(buildId) || !/^[1-9]\d{0,14}$/.test(revision) || !isSha256(sha256)) {
    throw new SyntaxError('build-id, revision or core-sha256 is missing or malformed');
  }
  const known = DELIVERIES.find((one) => one === delivery);
  if (!known) throw new SyntaxError('delivery is missing or malformed');
  const claimed = (fields.get('claimed') ?? '').split(' ').filter((name) => name !== '');
  const about = { buildId, revision: Number(revision), delivery: known, core: { sha256 } };
  return { ...about, artifacts, claimed: claimed.length > 0 ? claimed : undefined };
}

/** The input of `sha256sum -c`. */
export function sha256Sums(artifacts: [name: ArtifactName, sha256: string][]): string {
  return artifacts.map(([name, sha256]) => `${sha256}  ${name}\n`).join('');
}
