import type { Source } from '@btf-depot/bytes';
import { readModinfo } from '@btf-depot/carrier';
import { isBuildId } from '@btf-depot/contracts';
import { readElf } from '@btf-depot/elf';
import {
  readImage,
  unpack,
  type FoundFile,
  type PassedOver,
  type Store,
  type Unpacked,
  type UnpackOptions,
} from '@btf-depot/unpack';
import { isBareBtf } from '../split/open-kernel.ts';
import { asDepotError } from '../input-errors.ts';

/** A file that can be read at random, and where it lies. */
export interface FileAt extends Source {
  readonly path: string;
}

/** What a kernel file says of itself before any splitting. */
export interface KernelFile {
  path: string;
  kind: 'elf' | 'image' | 'btf';
  /** Absent: raw BTF, or a kernel that was built or stripped without its note. */
  buildId?: string;
  /** It brings its own core. */
  hasBtf: boolean;
}

/** What was found in one file of an upload. */
export interface UnpackedUpload {
  /** The first of `kernels`. */
  kernel?: KernelFile;
  /** All that were found, those that say more before the others. */
  kernels: readonly KernelFile[];
  /** What looked like something of use, and why it was not used. */
  passedOver: readonly PassedOver[];
  /** Path of a module of the build. */
  module?: string;
  /** The kernel that the module names as its own; only carriers do. */
  moduleBuildId?: string;
  /** Path of a System.map. */
  map?: string;
  /** `NAME VERSION` of the package that it came as. */
  package?: string;
}

/**
 * Looks what an uploaded file is, and unpacks what of it is wanted.
 * @throws DepotError `unsupported-media`, `too-large`, `bad-archive`, `bad-elf`.
 */
export async function unpackUpload(
  part: string,
  file: FileAt,
  store: Store<FileAt>,
  options?: UnpackOptions,
): Promise<UnpackedUpload> {
  try {
    return describe(await unpack(file, store, options));
  } catch (error) {
    throw asDepotError(part, error);
  }
}

function describe({ files, packages, passedOver }: Unpacked<FileAt>): UnpackedUpload {
  const kernels = kernelsOf(files);
  const [kernel] = kernels;
  const module = files.find(({ kind }) => kind === 'module');
  const map = files.find(({ kind }) => kind === 'system-map');
  const moduleBuildId = module && carriedBuildId(module.source);
  const about = packages.at(-1);
  return {
    kernels,
    passedOver,
    ...(kernel && { kernel }),
    ...(module && { module: module.source.path }),
    ...(moduleBuildId !== undefined && { moduleBuildId }),
    ...(map && { map: map.source.path }),
    ...(about && { package: `${about.name} ${about.version}` }),
  };
}

function carriedBuildId(module: Source): string | undefined {
  const elf = readElf(module);
  const section = elf.section('.modinfo');
  const entries = section ? readModinfo(elf.bytes(section)) : [];
  const buildId = entries.find(({ key }) => key === 'build_id')?.value;
  return buildId !== undefined && isBuildId(buildId) ? buildId : undefined;
}

/** A kernel with BTF before one without, an ELF file before an image, BTF by itself last. */
function rank({ kind, hasBtf }: KernelFile): number {
  if (kind === 'btf') return 3;
  if (kind === 'image') return 1;
  return hasBtf ? 0 : 2;
}

/** The best first; of two that are alike, the larger says more. */
function kernelsOf(files: readonly FoundFile<FileAt>[]): KernelFile[] {
  return files
    .filter(({ kind }) => kind !== 'module' && kind !== 'system-map')
    .map((file) => ({ kernel: kernelFile(file), size: file.source.size }))
    .sort((a, b) => rank(a.kernel) - rank(b.kernel) || b.size - a.size)
    .map(({ kernel }) => kernel);
}

function kernelFile({ kind, source }: FoundFile<FileAt>): KernelFile {
  const { path } = source;
  if (kind === 'elf') {
    const elf = readElf(source);
    if (isBareBtf(elf)) return { path, kind: 'btf', hasBtf: true };
    return { path, kind, ...idOf(elf.buildId()), hasBtf: elf.filled('.BTF') !== undefined };
  }
  if (kind !== 'image') return { path, kind: 'btf', hasBtf: true };
  return { path, kind, ...idOf(readImage(source)?.buildId), hasBtf: true };
}

function idOf(buildId: string | undefined): Pick<KernelFile, 'buildId'> {
  return buildId === undefined ? {} : { buildId };
}
