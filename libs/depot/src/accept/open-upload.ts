import { UPLOAD_PARTS, type SourceEntry, type UploadPart } from '@btf-depot/contracts';
import { DepotError } from '../errors.ts';
import type { Compute } from '../ports/compute.ts';
import type { KernelFile, UnpackedUpload } from './unpack-upload.ts';
import type { Upload } from './upload.ts';

/** An upload after whatever it was wrapped in is gone. */
export interface OpenedUpload {
  kernel?: KernelFile;
  /** Paths of raw BTF, or of an ELF file with BTF, and of a module. */
  full?: string;
  module?: string;
  map?: string;
  /** The map lay beside a kernel, in its package; nobody sent it by itself. */
  mapCameAlong: boolean;
  carrier?: string;
  /** The kernel that the carrier is for, by its own word. */
  carrierBuildId?: string;
  /** Of the kernel's file as it was sent. */
  sha256?: string;
  sources: Pick<SourceEntry, 'sha256' | 'size' | 'kind' | 'part' | 'package'>[];
}

/**
 * Looks what the files of an upload are. The part `kernel` may be a package of modules alone, and
 * one that has both brings the module too.
 * @throws DepotError that says which part is at fault.
 */
export async function openUpload(
  compute: Compute,
  upload: Upload,
  signal: AbortSignal,
): Promise<OpenedUpload> {
  const opened: OpenedUpload = { mapCameAlong: false, sources: [] };
  for (const part of UPLOAD_PARTS) {
    const file = upload[part];
    if (!file) continue;
    const { sha256, size } = file;
    const found = await compute.unpack(part, file.path, upload.folder, signal);
    const about = found.package === undefined ? {} : { package: found.package };
    opened.sources.push({ sha256, size, kind: kindOf(found), part, ...about });
    use(opened, part, found);
    if (part === 'kernel') opened.sha256 = sha256;
  }
  return opened;
}

function kindOf({ kernel, module }: UnpackedUpload): SourceEntry['kind'] {
  if (kernel) return kernel.kind;
  return module === undefined ? 'map' : 'module';
}

/** Whatever comes along with a part is used, unless a part of that name was sent. */
function use(opened: OpenedUpload, part: UploadPart, found: UnpackedUpload): void {
  const { kernel, module, moduleBuildId, map } = found;
  switch (part) {
    case 'full':
      if (!kernel || kernel.kind === 'image') throw wrong(part, 'neither ELF nor BTF');
      opened.full = kernel.path;
      return;
    case 'carrier':
      if (module === undefined) throw wrong(part, 'no kernel module');
      opened.carrier = module;
      if (moduleBuildId !== undefined) opened.carrierBuildId = moduleBuildId;
      return;
    case 'map':
      if (map === undefined) throw wrong(part, 'no System.map');
      opened.map = map;
      opened.mapCameAlong = false;
      return;
    case 'module':
      if (module === undefined) throw wrong(part, 'no kernel module');
      opened.module = module;
      return;
    case 'kernel':
      // A carrier by itself says what it is for.
      if (!kernel && moduleBuildId !== undefined) use(opened, 'carrier', found);
      else useKernel(opened, found);
  }
}

function useKernel(opened: OpenedUpload, { kernel, module, map }: UnpackedUpload): void {
  if (kernel) opened.kernel = kernel;
  if (module !== undefined) opened.module = module;
  if (map === undefined) return;
  opened.map = map;
  opened.mapCameAlong = kernel !== undefined;
}

function wrong(part: string, what: string): DepotError {
  return new DepotError('unsupported-media', `${part}: ${what}`);
}
