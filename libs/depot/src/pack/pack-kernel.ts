import {
  CARRIER_FILES,
  COMPRESSED_FORM_NAMES,
  COMPRESSED_FORMS,
  manifest,
  PARTS,
  PUBLISHED_PARTS,
  sha256Sums,
  type ArtifactName,
  type CarrierFile,
  type CompressedForm,
  type PublishedPart,
} from '@btf-depot/contracts';
import { COMPRESSION_LEVELS, COMPRESSORS, type CompressionLevels } from './compressors.ts';
import { makeCarriers, type CarriersInput } from './make-carriers.ts';
import { sha256Of } from '../sha256.ts';

export type PublishedBytes = Partial<
  Record<Exclude<PublishedPart, 'core'>, Uint8Array | undefined>
>;

export interface PackInput extends Omit<CarriersInput, 'name'>, PublishedBytes {
  revision: number;
  /** Carriers that are not made here: the build made them, or they were signed before. */
  given?: GivenCarriers | undefined;
  /** Levels of an earlier version's record may lack a format. */
  levels?: Partial<CompressionLevels> | undefined;
  /** Artifacts that depend on a claim. */
  claimed?: readonly string[] | undefined;
}

export type GivenCarriers = Partial<Record<CarrierFile, Uint8Array>>;

export interface PackedArtifact {
  name: ArtifactName;
  bytes: Uint8Array;
  sha256: string;
  /** Milliseconds of its compression. */
  ms?: number;
}

/** One carrier to compress in one form. */
export interface Compressing {
  carrier: CarrierFile;
  suffix: CompressedForm;
  level: number;
  bytes: Uint8Array;
}

/** Where the steps of packing run: on threads in the compressor. */
export interface PackSteps {
  make: (input: PackInput) => PackedArtifact[] | Promise<PackedArtifact[]>;
  /** The slowest comes first, approximately. */
  compress: (compressing: readonly Compressing[]) => Promise<PackedArtifact[]>;
}

const HERE: PackSteps = {
  make: plainArtifacts,
  compress: (compressing) => Promise.all(compressing.map(compressCarrier)),
};

/**
 * Every artifact of a revision. The same input gives the same bytes, on whatever thread each step
 * runs.
 */
export async function packKernel(
  input: PackInput,
  { make, compress }: PackSteps = HERE,
): Promise<PackedArtifact[]> {
  const plain = await make(input);
  return listArtifacts(input, plain, await compress(compressionsOf(plain, input.levels)));
}

/** The uncompressed artifacts, carriers last. */
export function plainArtifacts(input: PackInput): PackedArtifact[] {
  const modules = {
    ...makeCarriers(input, sha256Of(input.core)),
    ...input.given,
  };
  return [
    ...PUBLISHED_PARTS.flatMap((name) => {
      const bytes = input[name];
      return bytes ? [artifact(PARTS[name].artifact.name, bytes)] : [];
    }),
    ...CARRIER_FILES.flatMap((name) => {
      const bytes = modules[name];
      return bytes ? [artifact(name, bytes)] : [];
    }),
  ];
}

/** The compressions to do, slowest first, approximately. */
function compressionsOf(
  plain: readonly PackedArtifact[],
  levels: Partial<CompressionLevels> = {},
): Compressing[] {
  const carriers = CARRIER_FILES.flatMap((carrier) => {
    const bytes = plain.find(({ name }) => name === carrier)?.bytes;
    return bytes ? [{ carrier, bytes }] : [];
  }).sort((a, b) => b.bytes.length - a.bytes.length);
  const all = { ...COMPRESSION_LEVELS, ...levels };
  return (Object.keys(COMPRESSORS) as CompressedForm[]).flatMap((suffix) =>
    carriers.map((one) => ({ ...one, suffix, level: all[COMPRESSED_FORMS[suffix].format] })),
  );
}

export async function compressCarrier(compressing: Compressing): Promise<PackedArtifact> {
  const { carrier, suffix, level, bytes } = compressing;
  const start = performance.now();
  const compressed = await COMPRESSORS[suffix].compress(bytes, { level });
  const packed = artifact(`${carrier}.${suffix}`, compressed);
  return { ...packed, ms: Math.round(performance.now() - start) };
}

const encoder = new TextEncoder();

/** All of a revision's artifacts in their order, with the lists of them. */
function listArtifacts(
  input: PackInput,
  plain: readonly PackedArtifact[],
  compressed: readonly PackedArtifact[],
): PackedArtifact[] {
  const files = plain.flatMap((one) => [
    one,
    ...COMPRESSED_FORM_NAMES.flatMap((suffix) =>
      compressed.filter(({ name }) => name === `${one.name}.${suffix}`),
    ),
  ]);
  const [core] = plain;
  if (core?.name !== 'vmlinux.btf') throw new RangeError('the first artifact is not core');
  const text = manifest(
    { ...input, core: { sha256: core.sha256 } },
    files.map(({ name, sha256, bytes }) => [name, { sha256, size: bytes.length }]),
  );
  const listed = [...files, artifact('manifest', encoder.encode(text))];
  const sums = sha256Sums(listed.map(({ name, sha256 }) => [name, sha256]));
  return [...listed, artifact('SHA256SUMS', encoder.encode(sums))];
}

function artifact(name: ArtifactName, bytes: Uint8Array): PackedArtifact {
  return { name, bytes, sha256: sha256Of(bytes) };
}
