import type { Identity, KernelParts, SplitOptions } from '../split-kernel.ts';
import type { PackedArtifact, PackInput } from '../pack-kernel.ts';

/** The files of one upload, by the paths at which they were staged. */
export interface UploadPaths {
  kernel: string;
  full?: string;
}

/**
 * The work that must not run on the event loop. Input that is at fault rejects with a DepotError;
 * an aborted signal rejects with its reason, and the work ends.
 */
export interface Compute {
  /** Cheap: reads headers and notes. */
  identify(path: string, signal: AbortSignal): Promise<Identity>;
  split(paths: UploadPaths, options: SplitOptions, signal: AbortSignal): Promise<KernelParts>;
  pack(input: PackInput, signal: AbortSignal): Promise<PackedArtifact[]>;
}
