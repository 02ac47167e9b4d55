import type { ProblemCode } from '@btf-depot/contracts';
import type {
  Compressing,
  KernelParts,
  PackedArtifact,
  PackInput,
  SplitOptions,
  UnpackedUpload,
  UploadPaths,
} from '@btf-depot/depot';

/** What a thread is started with. */
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
  | { do: 'make'; input: PackInput }
  | { do: 'compress'; carrier: Compressing };

export interface Results {
  unpack: UnpackedUpload;
  split: KernelParts;
  make: PackedArtifact[];
  compress: PackedArtifact;
}

/** Expected failures are values: an error's own fields do not survive the way between threads. */
export type Outcome<Value> = { value: Value } | { refused: { code: ProblemCode; detail: string } };
