import {
  UPLOAD_PARTS,
  type FoundInUpload,
  type PassedOverInUpload,
  type SourceEntry,
  type UploadPart,
  type UsedOfUpload,
} from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import type { Compute } from '../ports/compute.ts';
import { buildsOf, type Build } from './builds.ts';
import type { BesideKernel, KernelFile, MalformedKernel, UnpackedUpload } from './unpack-upload.ts';
import type { Upload } from './upload.ts';

/** The files of one kernel in an upload: paths, except for the kernel's own files. */
export interface OpenedKernel {
  kernel?: KernelFile;
  /** The kernel's debug information in a separate file. */
  debug?: KernelFile | undefined;
  /** Raw BTF, or an ELF file with BTF, and a module. */
  full?: string | undefined;
  /** It came in the same archive: it is ignored if it does not fit. */
  fullCameAlong?: boolean | undefined;
  module?: string;
  map?: string;
  /** The map came in the kernel's package; nobody named it. */
  mapCameAlong: boolean;
  carrier?: string;
  /** The build ID in the carrier itself. */
  carrierBuildId?: string;
  /** Of the kernel's file as it was sent. */
  sha256?: string;
}

/** An upload, unpacked. */
export interface OpenedUpload {
  /** At least one; for an upload without a kernel file, its files for a known kernel. */
  kernels: OpenedKernel[];
  /** Kernels that cannot be read, beside others that can. */
  malformed: MalformedKernel[];
  sources: Pick<SourceEntry, 'sha256' | 'size' | 'kind' | 'part' | 'package'>[];
  found: FoundInUpload[];
  used: UsedOfUpload[];
  passedOver: PassedOverInUpload[];
}

/**
 * Recognises the files of an upload. The part `kernel` may be an archive: with several kernels,
 * with a kernel and modules, or with modules only.
 * @throws DepotError that names the part at fault.
 */
export async function openUpload(
  compute: Compute,
  upload: Upload,
  signal: AbortSignal,
): Promise<OpenedUpload> {
  const opened: OpenedUpload = {
    kernels: [{ mapCameAlong: false }],
    malformed: [],
    sources: [],
    found: [],
    used: [],
    passedOver: [],
  };
  for (const part of UPLOAD_PARTS) {
    const file = upload[part];
    if (!file) continue;
    const { sha256, size } = file;
    const found = await compute.unpack(part, file.path, upload.folder, signal);
    const about = found.package === undefined ? {} : { package: found.package };
    opened.sources.push({ sha256, size, kind: kindOf(found), part, ...about });
    opened.found.push(...filesIn(part, found));
    opened.passedOver.push(...found.passedOver.map((one) => ({ part, ...one })));
    opened.malformed.push(...found.malformed);
    if (part === 'kernel') useKernels(opened, found, sha256);
    else useOther(opened, part, found);
  }
  return opened;
}

function kindOf({ kernel, module }: UnpackedUpload): SourceEntry['kind'] {
  if (kernel) return kernel.kind;
  return module === undefined ? 'map' : 'module';
}

function filesIn(part: UploadPart, { kernels, modules, maps }: UnpackedUpload): FoundInUpload[] {
  return [
    ...kernels.map(({ kind, name, buildId }) => ({ part, kind, name, buildId })),
    ...modules.map(({ name }) => ({ part, kind: 'module', name })),
    ...maps.map(({ name }) => ({ part, kind: 'map', name })),
  ];
}

function useKernels(opened: OpenedUpload, found: UnpackedUpload, sha256: string): void {
  const [first] = opened.kernels;
  if (found.kernels.length === 0) {
    // A carrier names its kernel.
    if (found.moduleBuildId !== undefined) useOther(opened, 'carrier', found);
    else {
      const build = { module: found.modules[0], map: found.maps[0] };
      Object.assign(first ?? {}, besideOf(opened, build));
      leaveOthers(opened, found, [build]);
    }
    if (first) first.sha256 = sha256;
    return;
  }
  const { builds, unused } = buildsOf(found);
  opened.kernels = builds.map((build) => openedKernel(opened, build, sha256));
  for (const { code, reason, file } of unused) {
    opened.passedOver.push({ part: 'kernel', code, reason, name: file.name, count: 1 });
  }
  leaveOthers(opened, found, builds);
}

function openedKernel(opened: OpenedUpload, build: Build, sha256: string): OpenedKernel {
  const { kernel, debug, full } = build;
  const { buildId } = kernel;
  const use = (as: string, { kind, name }: KernelFile) =>
    opened.used.push({ part: 'kernel', as, kind, name, buildId });
  use('kernel', kernel);
  if (debug) use('debug', debug);
  if (full) use('full', full);
  return {
    kernel,
    debug,
    full: full?.path,
    fullCameAlong: full ? true : undefined,
    ...besideOf(opened, build),
    sha256,
  };
}

function besideOf(
  opened: OpenedUpload,
  { kernel, module, map }: Partial<Build>,
): Pick<OpenedKernel, 'module' | 'map' | 'mapCameAlong'> {
  const of = { part: 'kernel', buildId: kernel?.buildId } as const;
  if (module) opened.used.push({ ...of, as: 'module', kind: 'module', name: module.name });
  if (map) opened.used.push({ ...of, as: 'map', kind: 'map', name: map.name });
  const mapCameAlong = map !== undefined && kernel !== undefined;
  const beside: ReturnType<typeof besideOf> = { mapCameAlong };
  if (module) beside.module = module.path;
  if (map) beside.map = map.path;
  return beside;
}

/** Modules and maps that belong to no kernel here. */
function leaveOthers(
  opened: OpenedUpload,
  { modules, maps }: UnpackedUpload,
  builds: readonly Partial<Build>[],
): void {
  const leave = (code: string, reason: string, files: readonly BesideKernel[]) => {
    for (const { name } of files) {
      opened.passedOver.push({ part: 'kernel', code, reason, name, count: 1 });
    }
  };
  const isLeft = (one: BesideKernel) =>
    !builds.some(({ module, map }) => module === one || map === one);
  leave('another-module', 'the module belongs to no kernel in the upload', modules.filter(isLeft));
  leave('another-map', 'the System.map belongs to no kernel in the upload', maps.filter(isLeft));
}

/** A file named beside a kernel replaces one from the kernel's archive. */
function useOther(
  opened: OpenedUpload,
  part: Exclude<UploadPart, 'kernel'>,
  found: UnpackedUpload,
): void {
  const { kernel, module, moduleBuildId, map } = found;
  const one = kernelFor(opened, part, moduleBuildId);
  const use = (kind: string, name?: string) => {
    const alongside = opened.used.find((used) => used.part === 'kernel' && used.as === part);
    if (alongside) {
      opened.used.splice(opened.used.indexOf(alongside), 1);
      const reason = 'another one was named beside the kernel';
      opened.passedOver.push({ ...alongside, code: `another-${part}`, reason, count: 1 });
    }
    opened.used.push({ part, as: part, kind, name });
  };
  switch (part) {
    case 'full':
      if (!kernel || kernel.kind === 'image') throw wrong(part, 'the file is neither ELF nor BTF');
      one.full = kernel.path;
      one.fullCameAlong = false;
      use(kernel.kind, kernel.name);
      return;
    case 'carrier':
      if (module === undefined) throw wrong(part, 'the file is not a kernel module');
      one.carrier = module;
      if (moduleBuildId !== undefined) one.carrierBuildId = moduleBuildId;
      use('module', found.modules[0]?.name);
      return;
    case 'map':
      if (map === undefined) throw wrong(part, 'the file is not a System.map');
      one.map = map;
      one.mapCameAlong = false;
      use('map', found.maps[0]?.name);
      return;
    case 'module':
      if (module === undefined) throw wrong(part, 'the file is not a kernel module');
      one.module = module;
      use('module', found.modules[0]?.name);
  }
}

/**
 * @throws DepotError `bad-multipart` if there are several kernels, and the part fits none in
 *   particular.
 */
function kernelFor(
  { kernels }: OpenedUpload,
  part: UploadPart,
  buildId: string | undefined,
): OpenedKernel {
  const [first, ...others] = kernels;
  const named = kernels.find(({ kernel }) => buildId !== undefined && kernel?.buildId === buildId);
  if (named) return named;
  if (first && others.length === 0) return first;
  throw new DepotError(
    'bad-multipart',
    `${part}: it belongs to one kernel, and the upload has ${kernels.length}; send each kernel by itself`,
  );
}

function wrong(part: string, what: string): DepotError {
  return new DepotError('unsupported-media', `${part}: ${what}`);
}
