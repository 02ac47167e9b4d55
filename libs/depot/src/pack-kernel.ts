import { gzip, xz, zstd } from '@btf-depot/codec';
import { manifest, sha256Sums, type ArtifactName, type CarrierFile } from '@btf-depot/contracts';
import { makeCarriers, type CarriersInput } from './make-carriers.ts';
import { sha256Of } from './sha256.ts';

export interface PackInput extends Omit<CarriersInput, 'name'> {
  revision: number;
}

export interface PackedArtifact {
  name: ArtifactName;
  bytes: Uint8Array;
  sha256: string;
}

const encoder = new TextEncoder();

/** Every artifact of a revision. The same input gives the same bytes. */
export function packKernel(input: PackInput): PackedArtifact[] {
  const { core, vars, ksyms } = input;
  const coreEntry = artifact('vmlinux.btf', core);
  const files = [
    coreEntry,
    ...(vars ? [artifact('vmlinux.vars.btf', vars)] : []),
    ...(ksyms ? [artifact('vmlinux.ksyms.btf', ksyms)] : []),
    ...carriers(input, coreEntry.sha256),
  ];
  const text = manifest(
    { ...input, core: { sha256: coreEntry.sha256 } },
    files.map(({ name, sha256, bytes }) => [name, { sha256, size: bytes.length }]),
  );
  const listed = [...files, artifact('manifest', encoder.encode(text))];
  const sums = sha256Sums(listed.map(({ name, sha256 }) => [name, sha256]));
  return [...listed, artifact('SHA256SUMS', encoder.encode(sums))];
}

function carriers(input: PackInput, baseSha256: string): PackedArtifact[] {
  const { whole, least, inline } = makeCarriers(input, baseSha256);
  return [
    ...(whole ? compressed('btf_vmlinux.ko', whole) : []),
    ...(least ? compressed('btf_vmlinux_ksyms.ko', least) : []),
    ...(inline ? compressed('btf_vmlinux_inline.ko', inline) : []),
  ];
}

function compressed(name: CarrierFile, module: Uint8Array): PackedArtifact[] {
  return [
    artifact(name, module),
    artifact(`${name}.gz`, gzip(module)),
    artifact(`${name}.xz`, xz(module)),
    artifact(`${name}.zst`, zstd(module)),
  ];
}

function artifact(name: ArtifactName, bytes: Uint8Array): PackedArtifact {
  return { name, bytes, sha256: sha256Of(bytes) };
}
