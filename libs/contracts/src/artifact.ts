import {
  COMPRESSED_FORM_NAMES,
  COMPRESSED_FORMS,
  type CompressedForm,
} from './compressed-forms.ts';
import { EXTRA_NAMES } from './extras/index.ts';
import { BYTES, TEXT } from './extras/shapes.ts';
import { PARTS, PUBLISHED_PARTS, type PartArtifact, type PartName } from './parts.ts';

interface CarrierSpec {
  /** The module's name, which is its name in sysfs. */
  module: string;
  /** Parts that it has or may have, besides core. */
  holds: readonly PartName[];
  /** Without this part the carrier does not exist. */
  needs?: PartName;
}

const carriers = <File extends string>(table: Record<File, CarrierSpec>) => table;

/** The carriers, uncompressed, by the names of their artifacts. */
export const CARRIERS = carriers({
  'btf_vmlinux.ko': { module: 'btf_vmlinux', holds: [...EXTRA_NAMES, 'ksyms'] },
  'btf_vmlinux_ksyms.ko': { module: 'btf_vmlinux_ksyms', holds: ['ksyms'], needs: 'ksyms' },
  'btf_vmlinux_inline.ko': { module: 'btf_vmlinux_inline', holds: ['inlines'], needs: 'inlines' },
});

export type CarrierFile = keyof typeof CARRIERS;

export const CARRIER_FILES = Object.keys(CARRIERS) as CarrierFile[];

export type ArtifactName =
  PartArtifact | CarrierFile | `${CarrierFile}.${CompressedForm}` | 'manifest' | 'SHA256SUMS';

/**
 * The named files of a kernel, in the order in which the manifest lists them, with their media
 * types. To add an artifact: see PARTS, CARRIERS and COMPRESSED_FORMS.
 */
export const ARTIFACTS = Object.fromEntries([
  ...PUBLISHED_PARTS.map((part) => [PARTS[part].artifact.name, PARTS[part].artifact.mediaType]),
  ...CARRIER_FILES.flatMap((file) => [
    [file, BYTES],
    ...COMPRESSED_FORM_NAMES.map((form) => [`${file}.${form}`, COMPRESSED_FORMS[form].mediaType]),
  ]),
  ...['manifest', 'SHA256SUMS'].map((name) => [name, TEXT]),
]) as Readonly<Record<ArtifactName, string>>;

/**
 * Generation of packing: raised, with JOB_VERSION, whenever compressors make other artifacts from
 * the same parts. Kernels that an earlier generation published with fewer are then packed again.
 */
export const PACKING = 1;

/** The part that an artifact of this name needs. */
export function partBehind(artifact: string): PartName | undefined {
  const part = PUBLISHED_PARTS.find((name) => PARTS[name].artifact.name === artifact);
  const file = CARRIER_FILES.find((name) => artifact === name || artifact.startsWith(`${name}.`));
  return part ?? (file && CARRIERS[file].needs);
}

export function isArtifactName(name: string): name is ArtifactName {
  return Object.hasOwn(ARTIFACTS, name);
}

/**
 * The manifest's signatures: `manifest.sig` for signify and usign, `manifest.minisig` for minisign,
 * by the depot's first key; `manifest.KEYNUMBER.sig` by that key.
 */
export type SignatureName = `manifest.${'' | `${string}.`}${'sig' | 'minisig'}`;

/** @param keyNumber 16 lowercase hexadecimal digits; absent: the depot's first key. */
export function signatureName(form: 'sig' | 'minisig', keyNumber?: string): SignatureName {
  return keyNumber === undefined ? `manifest.${form}` : `manifest.${keyNumber}.${form}`;
}

export function isSignatureName(name: string): name is SignatureName {
  return /^manifest\.([0-9a-f]{16}\.)?(mini)?sig$/.test(name);
}

export function mediaTypeOf(name: ArtifactName | SignatureName): string {
  return isSignatureName(name) ? 'text/plain; charset=utf-8' : ARTIFACTS[name];
}
