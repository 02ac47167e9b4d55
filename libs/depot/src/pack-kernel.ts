import { carrier, carrierTarget } from '@btf-depot/carrier';
import { gzip } from '@btf-depot/codec';
import type { ArtifactName, Delivery } from '@btf-depot/contracts';
import { manifest, sha256Sums } from './manifest.ts';
import { sha256Of } from './sha256.ts';

export interface PackInput {
  buildId: string;
  revision: number;
  delivery: Delivery;
  arch?: string;
  bits?: 32 | 64;
  endian: 'little' | 'big';
  core: Uint8Array;
  /** Split BTF on core. */
  vars?: Uint8Array;
}

export interface PackedArtifact {
  name: ArtifactName;
  bytes: Uint8Array;
  sha256: string;
}

const encoder = new TextEncoder();

/** Every artifact of a revision. The same input gives the same bytes. */
export function packKernel(input: PackInput): PackedArtifact[] {
  const { core, vars } = input;
  const coreEntry = artifact('vmlinux.btf', core);
  const module = carrier({
    target: carrierTarget(input),
    buildId: input.buildId,
    baseSha256: coreEntry.sha256,
    ...(input.delivery === 'module' && { core }),
    extras: vars ? [{ name: 'vars', bytes: vars }] : [],
  });
  const files = [
    coreEntry,
    ...(vars ? [artifact('vmlinux.vars.btf', vars)] : []),
    artifact('btf_vmlinux.ko', module),
    artifact('btf_vmlinux.ko.gz', gzip(module)),
  ];
  const text = manifest(
    { ...input, core: { sha256: coreEntry.sha256 } },
    files.map(({ name, sha256, bytes }) => [name, { sha256, size: bytes.length }]),
  );
  const listed = [...files, artifact('manifest', encoder.encode(text))];
  const sums = sha256Sums(listed.map(({ name, sha256 }) => [name, sha256]));
  return [...listed, artifact('SHA256SUMS', encoder.encode(sums))];
}

function artifact(name: ArtifactName, bytes: Uint8Array): PackedArtifact {
  return { name, bytes, sha256: sha256Of(bytes) };
}
