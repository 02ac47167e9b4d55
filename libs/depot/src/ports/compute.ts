import type { Progress } from '../progress.ts';
import type { KernelParts, SplitOptions, StoredParts } from '../split/split-kernel.ts';
import type { UnpackedUpload } from '../accept/unpack-upload.ts';
import type { CopiedParts } from '../accept/verify-parts.ts';
import type { PackedArtifact, PackInput } from '../pack/pack-kernel.ts';

/** The input of a split: files by their paths, and parts from the store. */
export interface UploadPaths {
  kernel?: string | undefined;
  full?: string | undefined;
  module?: string | undefined;
  map?: string | undefined;
  /** The map came in the kernel's package. */
  mapCameAlong?: boolean | undefined;
  carrier?: string | undefined;
  stored?: StoredParts | undefined;
}

/**
 * The work that must not run on the event loop. Faulty input rejects with a DepotError; an aborted
 * signal rejects with its reason, and ends the work.
 */
export interface Compute {
  /**
   * Recognises an uploaded file; unpacked files go to `folder`.
   * @param part of the upload, for messages.
   */
  unpack(part: string, path: string, folder: string, signal: AbortSignal): Promise<UnpackedUpload>;
  /** If variables come from DWARF, `progress` counts its units. */
  split(
    paths: UploadPaths,
    options: SplitOptions,
    signal: AbortSignal,
    progress?: Progress,
  ): Promise<KernelParts>;
  /** Verifies parts that another depot made, as after a split here. */
  verify(parts: CopiedParts, signal: AbortSignal): Promise<void>;
  /** `progress` counts the compressed files. */
  pack(input: PackInput, signal: AbortSignal, progress?: Progress): Promise<PackedArtifact[]>;
}
