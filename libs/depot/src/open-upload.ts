import type { SourceEntry } from '@btf-depot/contracts';
import { DepotError } from './errors.ts';
import type { Compute } from './ports/compute.ts';
import type { KernelFile, UnpackedUpload } from './unpack-upload.ts';
import type { Upload } from './upload.ts';

/** An upload after whatever it was wrapped in is gone. */
export interface OpenedUpload {
  kernel?: KernelFile;
  /** Paths of raw BTF, or of an ELF file with BTF, and of a module. */
  full?: string;
  module?: string;
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
  const opened: OpenedUpload = { sources: [] };
  for (const part of ['kernel', 'full', 'module'] as const) {
    const file = upload[part];
    if (!file) continue;
    const { sha256, size } = file;
    const found = await compute.unpack(part, file.path, upload.folder, signal);
    const about = found.package === undefined ? {} : { package: found.package };
    opened.sources.push({ sha256, size, kind: found.kernel?.kind ?? 'module', part, ...about });
    use(opened, part, found);
    if (part === 'kernel') opened.sha256 = sha256;
  }
  return opened;
}

function use(opened: OpenedUpload, part: SourceEntry['part'], found: UnpackedUpload): void {
  const { kernel, module } = found;
  if (part === 'full') {
    if (!kernel || kernel.kind === 'image') throw wrong(part, 'neither ELF nor BTF');
    opened.full = kernel.path;
    return;
  }
  if (part === 'module' && module === undefined) throw wrong(part, 'no kernel module');
  if (part === 'kernel' && kernel) opened.kernel = kernel;
  // A module that was named is worth more than one that came along.
  if (module !== undefined) opened.module = module;
}

function wrong(part: string, what: string): DepotError {
  return new DepotError('unsupported-media', `${part}: ${what}`);
}
