import { FormatError, type Source } from '@btf-depot/bytes';
import { parseBtf } from '@btf-depot/btf';
import { readModinfo } from '@btf-depot/carrier';
import { isBuildId, type ProblemCode } from '@btf-depot/contracts';
import { readElf } from '@btf-depot/elf';
import { hasDwarf, hasGlobalVariables } from '@btf-depot/extras';
import {
  readImage,
  releaseInName,
  unpack,
  type FoundFile,
  type PackageInfo,
  type PassedOver,
  type Store,
  type Unpacked,
  type UnpackOptions,
} from '@btf-depot/unpack';
import { bannerOf, isBareBtf, readBtfFile } from '../split/open-kernel.ts';
import { DepotError } from '../errors.ts';
import { asDepotError, refusalOf } from '../input-errors.ts';

/** A file for random reads, and its path. */
export interface FileAt extends Source {
  readonly path: string;
}

/** A file that was found, and its name in the archive; the file itself has no name. */
interface Named {
  path: string;
  name?: string | undefined;
}

/** Facts that a kernel file contains, before any splitting. */
export interface KernelFile extends Named {
  kind: 'elf' | 'image' | 'btf';
  /** Absent: raw BTF, or a kernel that was built or stripped without its note. */
  buildId?: string;
  /** It has its own core. */
  hasBtf: boolean;
  /** It has debug information. */
  hasDwarf?: boolean | undefined;
  /** For bare BTF: it has variables, as a full BTF does and a kernel's own does not. */
  hasVariables?: boolean | undefined;
  /** `NAME VERSION` of its package. */
  package?: string | undefined;
  /** Distribution of its package, in the form of os-release(5)'s ID. */
  distribution?: string | undefined;
  /** Only if several modules or maps were found, some of which may belong to another kernel. */
  release?: string | undefined;
}

/** A module of a build, or its System.map. */
export interface BesideKernel extends Named {
  /** Its release, if it or its name has one. */
  release?: string | undefined;
}

/** A kernel of an archive that cannot be read. */
export interface MalformedKernel {
  name?: string | undefined;
  code: ProblemCode;
  detail: string;
}

/** The contents of one file of an upload. */
export interface UnpackedUpload {
  /** The first of `kernels`. */
  kernel?: KernelFile | undefined;
  /** All that were found, the most informative first. */
  kernels: readonly KernelFile[];
  /** Kernels that cannot be read, beside others that can. */
  malformed: readonly MalformedKernel[];
  /** Files that looked useful, and why they were not used. */
  passedOver: readonly PassedOver[];
  /** One for each release with a kernel, as far as names tell. */
  modules: readonly BesideKernel[];
  maps: readonly BesideKernel[];
  /** Path of the first module. */
  module?: string | undefined;
  /** The kernel that the module names as its own; only carriers do. */
  moduleBuildId?: string | undefined;
  /** Path of the first System.map. */
  map?: string | undefined;
  /** `NAME VERSION` of its package. */
  package?: string | undefined;
}

/**
 * Recognises an uploaded file, and unpacks the parts of it that are needed.
 * @throws DepotError `unsupported-media`, `too-large`, `bad-archive`, `bad-elf`.
 */
export async function unpackUpload(
  part: string,
  file: FileAt,
  store: Store<FileAt>,
  options?: UnpackOptions,
): Promise<UnpackedUpload> {
  try {
    return describe(part, await unpack(file, store, options));
  } catch (error) {
    throw asDepotError(part, error);
  }
}

function describe(part: string, { files, packages, passedOver }: Unpacked<FileAt>): UnpackedUpload {
  const modules = files.filter(({ kind }) => kind === 'module').map(moduleFile);
  const maps = files.filter(({ kind }) => kind === 'system-map').map(mapFile);
  const areMany = files.length - modules.length - maps.length > 1;
  const isOpen = areMany && modules.length + maps.length > 0;
  const wantsRelease = isOpen || modules.length > 1 || maps.length > 1;
  const { kernels, faults } = kernelsOf(files, wantsRelease);
  for (const { name, code, reason, isKernel } of passedOver) {
    if (isKernel) faults.push({ name, fault: new FormatError(code, reason) });
  }
  const [first] = faults;
  if (first && kernels.length === 0) throw first.fault;
  const [kernel] = kernels;
  const [module] = modules;
  const about = packages.at(-1);
  return {
    kernels,
    modules,
    maps,
    malformed: faults.map(({ name, fault }) => malformed(part, name, fault)),
    passedOver: passedOver.filter(({ isKernel }) => !isKernel),
    kernel,
    module: module?.path,
    moduleBuildId: module?.buildId,
    map: maps[0]?.path,
    package: about && nameOf(about),
  };
}

function nameOf({ name, version }: PackageInfo): string {
  return `${name} ${version}`;
}

function moduleFile({
  source,
  name,
}: FoundFile<FileAt>): BesideKernel & { buildId?: string | undefined } {
  const elf = readElf(source);
  const section = elf.section('.modinfo');
  const entries = section ? readModinfo(elf.bytes(section)) : [];
  const valueOf = (key: string) => entries.find((entry) => entry.key === key)?.value;
  const release = valueOf('vermagic')?.split(' ', 1)[0];
  const buildId = valueOf('build_id');
  return {
    path: source.path,
    name,
    release,
    buildId: buildId !== undefined && isBuildId(buildId) ? buildId : undefined,
  };
}

function mapFile({ source, name }: FoundFile<FileAt>): BesideKernel {
  return { path: source.path, name, release: releaseInName(name ?? '') };
}

/** A kernel with BTF before one without, an ELF file before an image, bare BTF last. */
function rank({ kind, hasBtf }: KernelFile): number {
  if (kind === 'btf') return 3;
  if (kind === 'image') return 1;
  return hasBtf ? 0 : 2;
}

interface Fault {
  name?: string | undefined;
  fault: FormatError;
}

/** The best first, of two equals the larger one; and those that cannot be read. */
function kernelsOf(
  files: readonly FoundFile<FileAt>[],
  wantsRelease: boolean,
): { kernels: KernelFile[]; faults: Fault[] } {
  const kernels: { kernel: KernelFile; size: number }[] = [];
  const faults: Fault[] = [];
  for (const file of files) {
    if (file.kind === 'module' || file.kind === 'system-map') continue;
    try {
      kernels.push({ kernel: kernelFile(file, wantsRelease), size: file.source.size });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      faults.push({ name: file.name, fault: error });
    }
  }
  kernels.sort((a, b) => rank(a.kernel) - rank(b.kernel) || b.size - a.size);
  return { kernels: kernels.map(({ kernel }) => kernel), faults };
}

function malformed(part: string, name: string | undefined, fault: FormatError): MalformedKernel {
  const { code, message } = refusalOf(part, fault);
  return { name, code, detail: message };
}

function kernelFile(
  { kind, source, name, package: about }: FoundFile<FileAt>,
  wantsRelease: boolean,
): KernelFile {
  const { distribution } = about ?? {};
  const file = { path: source.path, name, package: about && nameOf(about), distribution };
  if (kind === 'elf') {
    const elf = readElf(source);
    if (isBareBtf(elf)) return { ...file, ...bareBtf(source) };
    const hasBtf = elf.filled('.BTF') !== undefined;
    const release = wantsRelease ? bannerOf(elf)?.release : undefined;
    const says = { hasBtf, hasDwarf: hasDwarf(elf) ? true : undefined, release };
    return { ...file, kind, ...idOf(elf.buildId()), ...says };
  }
  if (kind !== 'image') return { ...file, ...bareBtf(source) };
  const image = readImage(source);
  return { ...file, kind, ...idOf(image?.buildId), hasBtf: true, release: image?.release };
}

function bareBtf(source: Source): Pick<KernelFile, 'kind' | 'hasBtf' | 'hasVariables'> {
  return { kind: 'btf', hasBtf: true, hasVariables: hasVariables(source) ? true : undefined };
}

/** The split reports malformed ones. */
function hasVariables(source: Source): boolean {
  try {
    return hasGlobalVariables(parseBtf(readBtfFile(source)));
  } catch (error) {
    if (error instanceof FormatError || error instanceof DepotError) return false;
    throw error;
  }
}

function idOf(buildId: string | undefined): Pick<KernelFile, 'buildId'> {
  return buildId === undefined ? {} : { buildId };
}
