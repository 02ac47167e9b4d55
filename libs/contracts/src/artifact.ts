/**
 * The named files of a kernel, in the order in which the manifest lists them, with their media
 * types. To add an artifact: name it here, make it in libs/depot/src/pack/pack-kernel.ts.
 */
export const ARTIFACTS = {
  'vmlinux.btf': 'application/octet-stream',
  'vmlinux.vars.btf': 'application/octet-stream',
  'vmlinux.ksyms.btf': 'application/octet-stream',
  'vmlinux.inlines.btf': 'application/octet-stream',
  'vmlinux.inlines.map': 'text/plain; charset=utf-8',
  'btf_vmlinux.ko': 'application/octet-stream',
  'btf_vmlinux.ko.gz': 'application/gzip',
  'btf_vmlinux.ko.xz': 'application/x-xz',
  'btf_vmlinux.ko.zst': 'application/zstd',
  'btf_vmlinux_ksyms.ko': 'application/octet-stream',
  'btf_vmlinux_ksyms.ko.gz': 'application/gzip',
  'btf_vmlinux_ksyms.ko.xz': 'application/x-xz',
  'btf_vmlinux_ksyms.ko.zst': 'application/zstd',
  'btf_vmlinux_inline.ko': 'application/octet-stream',
  'btf_vmlinux_inline.ko.gz': 'application/gzip',
  'btf_vmlinux_inline.ko.xz': 'application/x-xz',
  'btf_vmlinux_inline.ko.zst': 'application/zstd',
  manifest: 'text/plain; charset=utf-8',
  SHA256SUMS: 'text/plain; charset=utf-8',
} as const;

export type ArtifactName = keyof typeof ARTIFACTS;

/** The carriers, not compressed. */
export const CARRIER_FILES = [
  'btf_vmlinux.ko',
  'btf_vmlinux_ksyms.ko',
  'btf_vmlinux_inline.ko',
] as const satisfies ArtifactName[];

export type CarrierFile = (typeof CARRIER_FILES)[number];

export function isArtifactName(name: string): name is ArtifactName {
  return Object.hasOwn(ARTIFACTS, name);
}

/**
 * The manifest's signatures: `manifest.sig` for signify and usign, `manifest.minisig` for minisign,
 * by the first of the depot's keys; with a key's number between, by that key.
 */
export type SignatureName = `manifest.${'' | `${string}.`}${'sig' | 'minisig'}`;

/** @param keyNumber 16 lowercase hexadecimal digits; absent: the first of the depot's keys. */
export function signatureName(form: 'sig' | 'minisig', keyNumber?: string): SignatureName {
  return keyNumber === undefined ? `manifest.${form}` : `manifest.${keyNumber}.${form}`;
}

export function isSignatureName(name: string): name is SignatureName {
  return /^manifest\.([0-9a-f]{16}\.)?(mini)?sig$/.test(name);
}

export function mediaTypeOf(name: ArtifactName | SignatureName): string {
  return isSignatureName(name) ? 'text/plain; charset=utf-8' : ARTIFACTS[name];
}

/** The extras that a depot can split off a kernel's BTF; a server or an upload may name fewer. */
export const EXTRAS = ['vars', 'inlines'] as const;

export type ExtraName = (typeof EXTRAS)[number];
