import type { ProblemCode } from '@btf-depot/contracts';
import type {
  Identity,
  KernelParts,
  PackedArtifact,
  PackInput,
  SplitOptions,
  UploadPaths,
} from '@btf-depot/depot';

/** What the pool asks of a worker thread. */
export type Task =
  | { do: 'identify'; path: string }
  | { do: 'split'; paths: UploadPaths; options: SplitOptions }
  | { do: 'pack'; input: PackInput };

export interface Results {
  identify: Identity;
  split: KernelParts;
  pack: PackedArtifact[];
}

/** Expected failures are values: an error's own fields do not survive the way between threads. */
export type Outcome<Value> = { value: Value } | { refused: { code: ProblemCode; detail: string } };
