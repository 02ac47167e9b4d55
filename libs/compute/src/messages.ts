import type { ProblemCode } from '@btf-depot/contracts';
import type {
  Compressing,
  CopiedParts,
  KernelParts,
  PackedArtifact,
  PackInput,
  SplitOptions,
  UnpackedUpload,
  UploadPaths,
} from '@btf-depot/depot';

/** Start parameters of a thread. */
export interface ThreadData {
  /** Bytes that it may hold. */
  memoryLimit: number;
}

/** What the pool asks of a worker thread. */
export type Task =
  | { do: 'unpack'; part: string; path: string; folder: string; threads: number }
  | {
      do: 'split';
      paths: UploadPaths;
      options: SplitOptions;
      progress?: SharedArrayBuffer | undefined;
    }
  | { do: 'verify'; parts: CopiedParts }
  | { do: 'make'; input: PackInput }
  | { do: 'compress'; carrier: Compressing };

export interface Results {
  unpack: UnpackedUpload;
  split: KernelParts;
  verify: undefined;
  make: PackedArtifact[];
  compress: PackedArtifact;
}

/**
 * Expected failures are values, since an error's own fields do not survive the transfer between
 * threads.
 */
export type Outcome<Value> = { value: Value } | { refused: { code: ProblemCode; detail: string } };
