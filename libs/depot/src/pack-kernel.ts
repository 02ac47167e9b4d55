import { carrier, carrierTarget, type LoadFacts } from '@btf-depot/carrier';
import { gzip, xz, zstd } from '@btf-depot/codec';
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
  /** The part of vars that the running kernel may be given, split BTF on core. */
  ksyms?: Uint8Array;
  /** What makes the kernel load its carriers; without, they are containers. */
  load?: LoadFacts;
}

export interface PackedArtifact {
  name: ArtifactName;
  bytes: Uint8Array;
  sha256: string;
}

const encoder = new TextEncoder();

/** The module that has it all; its BTF appears under this name in /sys/kernel/btf. */
export const CARRIER_NAME = 'btf_vmlinux';
/** The module with nothing but what BPF programs need. */
const KSYMS_CARRIER_NAME = 'btf_vmlinux_ksyms';

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
  const { buildId, delivery, core, vars, ksyms, load } = input;
  const about = { target: carrierTarget(input), buildId, baseSha256, ...(load && { load }) };
  const safe = ksyms && { holds: 'ksyms' as const, bytes: ksyms };
  const btf = delivery === 'module' ? { holds: 'core' as const, bytes: core } : safe;
  const whole = carrier({
    ...about,
    name: CARRIER_NAME,
    ...(btf && { btf }),
    extras: vars ? [{ name: 'vars', bytes: vars }] : [],
  });
  const files = compressed('btf_vmlinux.ko', whole);
  if (!safe || !load || delivery === 'module') return files;
  const least = carrier({ ...about, name: KSYMS_CARRIER_NAME, btf: safe, extras: [] });
  return [...files, ...compressed('btf_vmlinux_ksyms.ko', least)];
}

function compressed(
  name: `${'btf_vmlinux' | 'btf_vmlinux_ksyms'}.ko`,
  module: Uint8Array,
): PackedArtifact[] {
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
