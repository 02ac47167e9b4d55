import { readFile } from 'node:fs/promises';
import { gzip } from '@btf-depot/codec';
import {
  EXTRA_NAMES,
  EXTRAS,
  type Delivery,
  type ExtraName,
  type MissingPart,
  type UploadPart,
} from '@btf-depot/contracts';
import { kernelPieces, sha256Of, type UnpackedUpload } from '@btf-depot/depot';
import { openFileSource } from '@btf-depot/compute';
import { blobOf, sha256OfFile } from '../../files/local-file.ts';
import { BESIDE, type PushOptions } from './push-options.ts';

/** A part of an upload that may turn out to be unneeded. */
interface Part {
  readonly blob: () => Promise<Blob>;
  readonly sha256: () => Promise<string>;
}

export type Parts = Partial<Record<UploadPart, Part>>;

function filePart(path: string): Part {
  return { blob: () => blobOf(path), sha256: () => sha256OfFile(path) };
}

/** The file, in its role, and files named beside it. */
export function wholeParts(file: string, found: UnpackedUpload, options: PushOptions): Parts {
  return { [options.as ?? partFor(found)]: filePart(file), ...besideParts(options) };
}

function partFor({ kernel, module, moduleBuildId }: UnpackedUpload): UploadPart {
  if (kernel) return 'kernel';
  if (module === undefined) return 'map';
  return moduleBuildId === undefined ? 'module' : 'carrier';
}

function besideParts(options: PushOptions): Parts {
  const parts: Parts = {};
  for (const name of BESIDE) {
    const path = options[name];
    if (path !== undefined) parts[name] = filePart(path);
  }
  return parts;
}

/** Compressed at level 6: a smaller result takes longer than it saves. */
function packedPart(bytes: Uint8Array): Part {
  const packed = new Uint8Array(gzip(bytes, { level: 6 }));
  return {
    blob: () => Promise.resolve(new Blob([packed])),
    sha256: () => Promise.resolve(sha256Of(packed)),
  };
}

/** The extras that the pieces of a split here can contain. */
const SENT_EXTRAS: readonly ExtraName[] = ['vars'];

type WhyWithout = Pick<MissingPart, 'code' | 'reason'>;

export interface SplitHere {
  parts: Parts;
  /** The rules for a core that was made here. */
  encoded?: string | undefined;
  /** By extra: why the pieces do not have it; the depot, which gets only these, knows less. */
  without?: Readonly<Record<string, WhyWithout | undefined>> | undefined;
}

/** Why an extra does not come with a split on this machine, and the way out. */
export function withoutHere(extra: ExtraName): WhyWithout | undefined {
  if (SENT_EXTRAS.includes(extra)) return undefined;
  const reason = `--split=here does not send ${EXTRAS[extra].label}; push the file without it`;
  return { code: 'not-split-here', reason };
}

/**
 * The parts to send for a kernel that is split on this machine. An image without ELF headers, and
 * bare BTF, are sent whole: there is nothing to leave out.
 *
 * @param found description of the file; its unpacked parts must still exist.
 * @throws DepotError as the depot would.
 */
export async function splitParts(found: UnpackedUpload, options: PushOptions): Promise<SplitHere> {
  const { kernel } = found;
  const { query, full, module = found.module } = options;
  const beside = besideParts(options);
  if (module !== undefined) beside.module = packedPart(await readFile(module));
  if (kernel?.kind !== 'elf') {
    const whole = kernel && { kernel: packedPart(await readFile(kernel.path)) };
    const map = await mapPart(options.map ?? found.map);
    return { parts: { ...whole, ...beside, ...map } };
  }
  using kernelFile = openFileSource(kernel.path);
  using fullFile = full === undefined ? undefined : openFileSource(full);
  const input = { kernel: kernelFile, full: fullFile };
  const wanted = query.extras?.split(',');
  const pieces = kernelPieces(input, {
    extras: SENT_EXTRAS.filter((extra) => wanted?.includes(extra) ?? true),
    delivery: query.delivery as Delivery | undefined,
  });
  // A kernel with its own symbols needs no map that lay beside it.
  const mapAlong = pieces.parts.symbols ? undefined : found.map;
  const parts = { ...beside, ...(await mapPart(options.map ?? mapAlong)) };
  parts.kernel = packedPart(pieces.kernel);
  if (pieces.full) parts.full = packedPart(pieces.full);
  const others = EXTRA_NAMES.map((extra) => [extra, withoutHere(extra)] as const);
  return {
    parts,
    encoded: pieces.parts.core.encoded?.rules,
    without: { ...Object.fromEntries(others), vars: pieces.withoutVars },
  };
}

async function mapPart(path: string | undefined): Promise<Parts> {
  return path === undefined ? {} : { map: packedPart(await readFile(path)) };
}
