import type { Progress } from '../progress.ts';
import type { KernelParts, SplitOptions, StoredParts } from '../split/split-kernel.ts';
import type { UnpackedUpload } from '../accept/unpack-upload.ts';
import type { PackedArtifact, PackInput } from '../pack/pack-kernel.ts';

/** What there is to split: files by their paths, and what the store has already. */
export interface UploadPaths {
  kernel?: string | undefined;
  full?: string | undefined;
  module?: string | undefined;
  map?: string | undefined;
  /** The map lay beside the kernel in a package. */
  mapCameAlong?: boolean | undefined;
  carrier?: string | undefined;
  stored?: StoredParts | undefined;
}

/**
 * The work that must not run on the event loop. Input that is at fault rejects with a DepotError;
 * an aborted signal rejects with its reason, and the work ends.
 */
export interface Compute {
  /**
   * Looks what an uploaded file is; what has to be unpacked of it comes to lie in `folder`.
   * @param part of the upload that the file is, for messages.
   */
  unpack(part: string, path: string, folder: string, signal: AbortSignal): Promise<UnpackedUpload>;
  /** Where variables come from DWARF, `progress` counts its units. */
  split(
    paths: UploadPaths,
    options: SplitOptions,
    signal: AbortSignal,
    progress?: Progress,
  ): Promise<KernelParts>;
  /** `progress` counts the compressed files. */
  pack(input: PackInput, signal: AbortSignal, progress?: Progress): Promise<PackedArtifact[]>;
}
