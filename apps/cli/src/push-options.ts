import type { ProblemError, UploadRequest } from '@btf-depot/client';
import type { ProgressBar } from './progress-bar.ts';

/** How one file is sent. */
export interface PushOptions {
  /** Path of the BTF with global variables that the kernel's build wrote. */
  full?: string;
  /** Path of a module of the build, or of a package that has one. */
  module?: string;
  query: NonNullable<UploadRequest['query']>;
  /** Splits on this machine and sends only what the depot reads. */
  splitHere?: boolean;
  progress?: ProgressBar;
  onRetry?: (why: ProblemError, pause: number) => void;
  /** Told of BTF that is made here: `pahole 1.30`. */
  onEncode?: (by: string) => void;
  signal?: AbortSignal;
}
