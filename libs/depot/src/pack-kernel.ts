import { gzip, GZIP_DEFAULTS, xz, XZ_DEFAULTS, zstd, ZSTD_DEFAULTS } from '@btf-depot/codec';
import {
  CARRIER_FILES,
  manifest,
  sha256Sums,
  type ArtifactName,
  type CarrierFile,
} from '@btf-depot/contracts';
import { carrierFiles, makeCarriers, type CarriersInput } from './make-carriers.ts';
import { sha256Of } from './sha256.ts';

export interface PackInput extends Omit<CarriersInput, 'name'> {
  revision: number;
  /** Where the inlined calls are in the kernel, as text. */
  map?: Uint8Array;
  /** Carriers that are not made here: their build did, or they were signed before. */
  given?: GivenCarriers;
  levels?: CompressionLevels;
}

export type GivenCarriers = Partial<Record<CarrierFile, Uint8Array>>;

/** As the libraries count them: gzip 1–12, xz 0–9, zstd 1–22. */
export interface CompressionLevels {
  gzip: number;
  xz: number;
  zstd: number;
}

export const COMPRESSION_LEVELS: CompressionLevels = {
  gzip: GZIP_DEFAULTS.level,
  xz: XZ_DEFAULTS.level,
  zstd: ZSTD_DEFAULTS.level,
};

export interface PackedArtifact {
  name: ArtifactName;
  bytes: Uint8Array;
  sha256: string;
  /** Milliseconds that it took to compress it. */
  ms?: number;
}

const encoder = new TextEncoder();

/** Told how many of the compressed files are made. */
type OnFile = (done: number, total: number) => void;

/** Every artifact of a revision. The same input gives the same bytes. */
export function packKernel(input: PackInput, onFile: OnFile = () => undefined): PackedArtifact[] {
  const { core, vars, ksyms, inlines, map } = input;
  const coreEntry = artifact('vmlinux.btf', core);
  const files = [
    coreEntry,
    ...(vars ? [artifact('vmlinux.vars.btf', vars)] : []),
    ...(ksyms ? [artifact('vmlinux.ksyms.btf', ksyms)] : []),
    ...(inlines ? [artifact('vmlinux.inlines.btf', inlines)] : []),
    ...(map ? [artifact('vmlinux.inlines.map', map)] : []),
    ...carriers(input, coreEntry.sha256, onFile),
  ];
  const text = manifest(
    { ...input, core: { sha256: coreEntry.sha256 } },
    files.map(({ name, sha256, bytes }) => [name, { sha256, size: bytes.length }]),
  );
  const listed = [...files, artifact('manifest', encoder.encode(text))];
  const sums = sha256Sums(listed.map(({ name, sha256 }) => [name, sha256]));
  return [...listed, artifact('SHA256SUMS', encoder.encode(sums))];
}

function carriers(input: PackInput, baseSha256: string, onFile: OnFile): PackedArtifact[] {
  const { given = {}, levels = COMPRESSION_LEVELS } = input;
  const modules = { ...carrierFiles(makeCarriers(input, baseSha256)), ...given };
  const made = CARRIER_FILES.flatMap((name) => {
    const bytes = modules[name];
    return bytes ? [{ name, bytes }] : [];
  });
  const total = made.length * SUFFIXES.length;
  let done = 0;
  onFile(done, total);
  return made.flatMap(({ name, bytes }) => {
    const files = compressed(name, bytes, levels, () => onFile(++done, total));
    return [artifact(name, bytes), ...files];
  });
}

const SUFFIXES = ['gz', 'xz', 'zst'] as const;

function compressed(
  name: CarrierFile,
  module: Uint8Array,
  levels: CompressionLevels,
  onEach: () => void,
): PackedArtifact[] {
  const compress = {
    gz: () => gzip(module, { level: levels.gzip }),
    xz: () => xz(module, { level: levels.xz }),
    zst: () => zstd(module, { level: levels.zstd }),
  };
  return SUFFIXES.map((suffix) => {
    const start = performance.now();
    const packed = artifact(`${name}.${suffix}`, compress[suffix]());
    onEach();
    return { ...packed, ms: Math.round(performance.now() - start) };
  });
}

function artifact(name: ArtifactName, bytes: Uint8Array): PackedArtifact {
  return { name, bytes, sha256: sha256Of(bytes) };
}
